// A simulated world for the plan: processes that start, drain, freeze and die at random, and a
// clock that is moved by hand. The decisions are carried out by the monitor's own code; only the
// processes are simulated.
import type { Settings } from '../../lib/config/settings.js';
import { markAboveMemoryLimit, type Child } from '../../lib/monitor/fleet/child.js';
import { Fleet, type FleetRecord } from '../../lib/monitor/fleet/fleet.js';
import { hear } from '../../lib/monitor/fleet/hear.js';
import { carryOut, type Effect, type Action } from '../../lib/monitor/plan/carry-out.js';
import { plan } from '../../lib/monitor/plan/plan.js';
import type { Report } from '../../lib/protocol/message.js';
import { isQuiescent, servingIn } from '../../lib/monitor/fleet/queries.js';
import { emptyLatency } from '../../lib/protocol/latency.js';
import { seeded } from './seeded.js';
import { somePid } from './some-pid.js';
import { finding, noFaults, settings, type Faults } from './story.js';

const figures = { requests: 0, inFlight: 0, latency: emptyLatency(), eventLoopLagSeconds: 0 };

export class World {
  fleet: Fleet;
  now = 0;
  exited: number | null = null;
  /** All decisions of the plan so far, by type. */
  readonly decided: Action[] = [];
  lowestServing = Infinity;
  readonly #hung = new Set<number>();
  #pid = 100;

  constructor(
    readonly faults: Faults,
    readonly random: () => number,
    readonly config: Settings = settings,
  ) {
    const { workers, single, refork, rollback } = config;
    this.fleet = new Fleet({ workers, single, backoffMs: refork.backoffMs, rollback });
  }

  turn(): void {
    for (let round = 0; round < 500; round++) {
      const actions = plan(this.fleet, this.config, this.now);
      if (actions.length === 0) return;
      for (const action of actions) {
        this.decided.push(action);
        for (const effect of carryOut(this.fleet, action, this.now)) this.#perform(effect);
      }
    }
    throw new Error('the plan does not come to rest');
  }

  tick(ms = 50): void {
    this.now += ms;
    for (const child of [...this.fleet.children.values()]) this.#live(child);
    this.turn();
    void this.service; // At most one, at every moment.
    if (this.fleet.booted && !this.fleet.stopping)
      this.lowestServing = Math.min(this.lowestServing, this.serving());
  }

  /** A worker that the memory watch has marked, as it does: when all is well. */
  grow(): void {
    if (this.fleet.stopping || this.fleet.rollouts.pending || !isQuiescent(this.fleet)) return;
    const child = servingIn(this.fleet, 0);
    if (child?.state === 'serving') markAboveMemoryLimit(child);
  }

  /** Runs until the fleet is booted and quiescent, or for so many ticks. */
  settle(ticks = 400): void {
    for (let tick = 0; tick < ticks && !(this.fleet.booted && isQuiescent(this.fleet)); tick++)
      this.tick();
  }

  /**
   * Runs until nothing is left to do, or for so many ticks; then a while longer, to check that it
   * lasts.
   */
  rest(ticks = 2_000): void {
    for (let tick = 0; tick < ticks && !this.#isAtRest; tick++) this.tick();
    for (let tick = 0; tick < 100; tick++) this.tick();
  }

  get #isAtRest(): boolean {
    const { fleet } = this;
    const wantsService = this.config.hooks.beforeServiceWorkerReady.length > 0;
    return (
      fleet.booted &&
      isQuiescent(fleet) &&
      fleet.rollouts.pending === null &&
      fleet.hotRestart === null &&
      (this.service !== undefined) === wantsService &&
      [...fleet.children.values()].every(({ state }) => state === 'serving' || state === 'frozen')
    );
  }

  /** Number of decisions of that type. */
  count(type: Action['type']): number {
    return this.decided.filter((action) => action.type === type).length;
  }

  hear(child: Child, report: Report): void {
    const breach = hear(this.fleet, child, report, this.now);
    if (breach !== null) throw new Error(`the world broke the protocol: ${breach}`);
  }

  /** All children of that kind die at once, once the code has been loaded. */
  killAll(isVictim: (child: Child) => boolean): void {
    if (!this.fleet.code.data.loaded) return;
    for (const child of [...this.fleet.children.values()])
      if (child.pid !== null && isVictim(child)) this.fleet.ended(child, 'SIGSEGV', this.now);
  }

  /** A heartbeat without news. */
  beat(child: Child): void {
    this.hear(child, { type: 'heartbeat', figures: child.figures, urgent: null });
  }

  hang(child: Child): void {
    this.#hung.add(child.id);
  }

  get service(): Child | undefined {
    const found = [...this.fleet.children.values()].filter(({ role }) => role === 'service');
    if (found.length > 1) throw new Error('two service workers at a time');
    return found[0];
  }

  serving(): number {
    return Array.from({ length: this.fleet.workers }, (_, slot) =>
      servingIn(this.fleet, slot),
    ).filter((child) => child?.state === 'serving').length;
  }

  /** Code that cannot be loaded the first time ends the story; it has specs of its own. */
  get #faultsNow(): Faults {
    return this.fleet.code.data.loaded ? this.faults : noFaults;
  }

  #live(child: Child): void {
    if (!this.fleet.children.has(child.id)) return;
    const { fleet, now } = this;
    const faults = this.#faultsNow;
    if (child.state === 'killed') return void fleet.ended(child, 'SIGKILL', now);
    if (this.#hung.has(child.id)) return;
    if (this.random() < faults.death && child.pid !== null)
      return void fleet.ended(child, 'SIGSEGV', now);
    if (this.random() < faults.hang) return void this.#hung.add(child.id);
    const mayLeave = child.role !== 'mold' && ['serving', 'promoting'].includes(child.state);
    if (mayLeave && this.random() < faults.exit)
      return this.hear(child, { type: 'leaving', figures, metrics: [], cut: 0 });
    this.#progress(child);
  }

  #progress(child: Child): void {
    const { fleet, now } = this;
    if (this.random() < 0.5) return;
    switch (child.state) {
      case 'booting':
      case 'promoting':
        if (child.role !== 'mold' && child.state === 'booting')
          return this.hear(child, { type: 'serving' });
        if (this.random() < this.faults.unfit)
          return this.hear(child, {
            type: 'refused',
            findings: [finding],
            leaves: child.state === 'booting',
          });
        if (this.random() < this.#faultsNow.refusal)
          return this.hear(child, { type: 'failed', step: 'x', reason: 'refused', stack: null });
        return this.hear(child, { type: 'frozen' });
      case 'spawning': {
        const mold = fleet.get(child.parent);
        if (!mold || mold.state !== 'frozen') return fleet.hungUp(child, now);
        if (this.#hung.has(mold.id)) return;
        if (this.random() < this.#faultsNow.refusal)
          return this.hear(mold, {
            type: 'forkFailed',
            id: child.id,
            reason: 'EAGAIN',
            stack: null,
          });
        fleet.started(child, somePid(this.#pid++));
        this.hear(mold, { type: 'forked', id: child.id, durationMs: 1 });
        return this.hear(child, { type: 'born' });
      }
      case 'starting':
        if (child.role === 'service' && this.random() < this.faults.service)
          return void fleet.ended(child, 'exit code 1', now);
        return this.hear(child, { type: 'serving' });
      case 'serving':
        return this.hear(child, {
          type: 'heartbeat',
          figures: { ...figures, requests: child.figures.requests + 10 },
          urgent: null,
        });
      case 'leaving':
        return void fleet.ended(child, 'exit code 0', now);
      case 'frozen':
      case 'killed':
        return;
    }
  }

  /** The next program has a clock of its own, and nothing but the hand-over. */
  #replaceProgram(): void {
    const { workers } = this.fleet;
    const text = JSON.stringify(this.fleet.record(this.now));
    this.now = 10;
    const { rollback, refork } = this.config;
    const options = { workers, backoffMs: refork.backoffMs, rollback };
    this.fleet = Fleet.restore(JSON.parse(text) as FleetRecord, options, this.now);
    this.fleet.rollouts.request('phased restart', 'hot restart', this.now);
  }

  /** Orders reach the children as their change of state, which carryOut has made. */
  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'boot':
        return this.fleet.started(effect.child, somePid(this.#pid++));
      case 'fork':
        if (!this.fleet.get(effect.mold.id)) throw new Error('an order to a mold that is gone');
        return;
      case 'replaceProgram':
        return this.#replaceProgram();
      case 'exit':
        this.exited = effect.code;
        throw new Exited();
      default:
        return;
    }
  }
}

export class Exited extends Error {}

export function bootedWorld(
  faults: Faults = noFaults,
  random = seeded(1),
  config: Settings = settings,
): World {
  const world = new World(faults, random, config);
  world.turn();
  world.settle();
  return world;
}
