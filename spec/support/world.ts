// A simulated world for the plan: processes that start, drain, freeze and die when the random
// numbers say so, and a clock that is moved by hand. It performs what the plan decides, as the
// monitor would.
import type { Settings } from '../../lib/config/settings.js';
import { isStarting, type Child } from '../../lib/monitor/fleet/child.js';
import { Fleet } from '../../lib/monitor/fleet/fleet.js';
import type { Action } from '../../lib/monitor/plan/action.js';
import {
  recordFleet,
  restoreFleet,
  type FleetRecord,
} from '../../lib/monitor/hot-restart/hand-over.js';
import { plan } from '../../lib/monitor/plan/plan.js';
import { singleMode } from '../../lib/monitor/fleet/rollouts.js';
import { isQuiescent, servingIn } from '../../lib/monitor/fleet/queries.js';
import { emptyLatency } from '../../lib/protocol/latency.js';
import { finding, noFaults, settings, type Faults } from './story.js';

const roleIn = (slot: number | null) => (slot === null ? 'service' : 'worker');

const figures = { requests: 0, inFlight: 0, latency: emptyLatency(), eventLoopLagSeconds: 0 };

export class World {
  fleet: Fleet;
  now = 0;
  exited: number | null = null;
  /** Everything the plan ever decided, by type. */
  readonly decided: Action[] = [];
  lowestServing = Infinity;
  readonly #hung = new Set<number>();
  #pid = 100;

  constructor(
    readonly faults: Faults,
    readonly random: () => number,
    readonly config: Settings = settings,
  ) {
    const { workers, single, refork } = config;
    this.fleet = new Fleet({ workers, single, backoffMs: refork.backoffMs });
  }

  turn(): void {
    for (let round = 0; round < 500; round++) {
      const actions = plan(this.fleet, this.config, this.now);
      if (actions.length === 0) return;
      for (const action of actions) this.#perform(action);
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
    if (child?.state === 'serving') child.aboveMemoryLimit = true;
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

  /** Code that cannot be loaded the first time ends the story; that has specs of its own. */
  get #faultsNow(): Faults {
    return this.fleet.loaded ? this.faults : noFaults;
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
      return fleet.hear(child, { type: 'leaving', figures, metrics: [], cut: 0 }, now);
    this.#progress(child);
  }

  #progress(child: Child): void {
    const { fleet, now } = this;
    if (this.random() < 0.5) return;
    switch (child.state) {
      case 'booting':
      case 'promoting':
        if (child.role !== 'mold' && child.state === 'booting')
          return fleet.hear(child, { type: 'serving' }, now);
        if (this.random() < this.faults.unfit)
          return fleet.hear(
            child,
            { type: 'refused', findings: [finding], leaves: child.state === 'booting' },
            now,
          );
        if (this.random() < this.#faultsNow.refusal)
          return fleet.hear(child, { type: 'failed', step: 'x', reason: 'refused' }, now);
        return fleet.hear(child, { type: 'frozen' }, now);
      case 'spawning': {
        const mold = fleet.get(child.parent);
        if (!mold || mold.state !== 'frozen') return fleet.hungUp(child, now);
        if (this.#hung.has(mold.id)) return;
        if (this.random() < this.#faultsNow.refusal)
          return fleet.hear(mold, { type: 'forkFailed', id: child.id, reason: 'EAGAIN' }, now);
        const pid = this.#pid++;
        fleet.hear(mold, { type: 'forked', id: child.id, pid, durationMs: 1 }, now);
        return fleet.hear(child, { type: 'born', pid }, now);
      }
      case 'starting':
        if (child.role === 'service' && this.random() < this.faults.service)
          return void fleet.ended(child, 'exit code 1', now);
        return fleet.hear(child, { type: 'serving' }, now);
      case 'serving':
        return fleet.hear(
          child,
          {
            type: 'heartbeat',
            figures: { ...figures, requests: child.figures.requests + 10 },
            urgent: null,
          },
          now,
        );
      case 'leaving':
        return void fleet.ended(child, 'exit code 0', now);
      case 'frozen':
      case 'killed':
        return;
    }
  }

  #boot(role: Pick<Child, 'role' | 'slot' | 'generation' | 'phase'>): Child {
    const added = this.fleet.add({ ...role, state: 'booting', parent: null }, this.now);
    added.pid = this.#pid++;
    return added;
  }

  /** The next program has a clock of its own, and nothing but the hand-over. */
  #replaceProgram(): void {
    const { workers } = this.fleet;
    const text = JSON.stringify(recordFleet(this.fleet, this.now));
    this.now = 10;
    const { backoffMs } = this.config.refork;
    this.fleet = restoreFleet(JSON.parse(text) as FleetRecord, { workers, backoffMs }, this.now);
    this.fleet.rollouts.request('phased restart', 'hot restart', this.now);
  }

  #perform(action: Action): void {
    const { fleet, now } = this;
    this.decided.push(action);
    const child = 'child' in action ? fleet.get(action.child) : undefined;
    switch (action.type) {
      case 'boot': {
        const { phase } = fleet;
        this.#boot({ role: 'mold', slot: null, generation: fleet.nextGeneration++, phase });
        return;
      }
      case 'bootNext': {
        const next = { phase: fleet.phase + 1, generation: 0 };
        const wish = fleet.rollouts.requestOf('phased restart', 'story', now);
        const { single } = fleet;
        if (single) fleet.rollouts.begin(wish, null, { ...next, unforkable: singleMode }, now);
        else {
          const added = this.#boot({ role: 'mold', slot: null, ...next });
          fleet.rollouts.begin(wish, added, next, now);
        }
        return;
      }
      case 'bootWorker': {
        const { attempt } = fleet.rollouts;
        const { slot, canary } = action;
        const { phase } = canary && attempt ? attempt : fleet;
        const { generation = 0 } = (canary ? attempt?.unforkable : fleet.unforkable) ?? {};
        const added = this.#boot({ role: roleIn(slot), slot, generation, phase });
        if (canary && attempt) attempt.canary = added.id;
        return;
      }
      case 'spawn': {
        const mold = fleet.get(action.mold);
        if (!mold) throw new Error('an order to a mold that is gone');
        const { slot } = action;
        const role = { role: roleIn(slot), state: 'spawning', slot } as const;
        const { generation, phase } = mold;
        const added = fleet.add({ ...role, generation, phase, parent: mold.id }, now);
        if (action.canary && fleet.rollouts.attempt) fleet.rollouts.attempt.canary = added.id;
        return;
      }
      case 'choose':
        if (child)
          fleet.rollouts.begin(
            fleet.rollouts.requestOf('refork', action.reason, now),
            child,
            { phase: fleet.phase, generation: fleet.nextGeneration++ },
            now,
          );
        return;
      case 'promote':
        if (child) fleet.enter(child, 'promoting', now);
        return;
      case 'prove':
        fleet.prove();
        return;
      case 'drain':
        if (child) fleet.enter(child, 'leaving', now);
        return;
      case 'announceStop':
        if (child) child.stopAnnounced = true;
        return;
      case 'retire': {
        const mold = fleet.get(action.mold);
        if (mold) fleet.enter(mold, 'leaving', now);
        return;
      }
      case 'askForStack':
        if (child) child.stackRequestedAt = now;
        return;
      case 'kill':
      case 'timeOut':
        if (child) fleet.kill(child, action.reason, now);
        return;
      case 'abandon': {
        const attempt = fleet.rollouts.attempt;
        for (const id of [attempt?.canary, attempt?.candidate]) {
          const made = fleet.get(id);
          if (!made || !attempt) continue;
          const isCanary = made.id === attempt.canary;
          if (made.state === 'promoting' || (isCanary && made.state === 'serving'))
            fleet.enter(made, 'leaving', now);
          else if (made.state === 'frozen' && !made.proven) fleet.enter(made, 'leaving', now);
          else if (isStarting(made)) fleet.kill(made, action.reason, now);
        }
        fleet.rollouts.end(action.reason, now);
        return;
      }
      case 'dropRequest':
        if (fleet.rollouts.pending) fleet.rollouts.drop(fleet.rollouts.pending, action.reason, now);
        return;
      case 'finish':
        fleet.rollouts.end(null, now);
        return;
      case 'requestRefork':
        return fleet.rollouts.request('refork', action.reason, now);
      case 'booted':
        fleet.booted = true;
        return;
      case 'replaceProgram':
        return this.#replaceProgram();
      case 'giveUp':
        fleet.stopping = 'immediate';
        return;
      case 'exit':
        this.exited = action.code;
        // An exit leaves nothing to decide.
        fleet.children.clear();
        throw new Exited();
    }
  }
}

export class Exited extends Error {}
