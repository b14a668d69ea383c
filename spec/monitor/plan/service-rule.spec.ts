// Goal: only one service worker runs at a time, if configured, and its faults do not affect the
// workers. Method: the simulated world. Its presence at the end of any story is among the
// properties in plan-properties.spec.ts.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Child } from '../../../lib/monitor/fleet/child.js';
import { currentMold, isQuiescent } from '../../../lib/monitor/fleet/queries.js';
import { seeded } from '../../support/seeded.js';
import { noFaults, settings, withService, type Faults } from '../../support/story.js';
import { Exited, World } from '../../support/world.js';

function run(world: World, ticks: number): void {
  for (let tick = 0; tick < ticks; tick++) world.tick();
}

function booted(faults: Partial<Faults> = {}, seed = 1, config = withService): World {
  const world = new World({ ...noFaults, ...faults }, seeded(seed), config);
  world.turn();
  run(world, 100);
  return world;
}

function serviceOf(world: World): Child {
  if (!world.service) throw new Error('there is no service worker');
  return world.service;
}

/** Number of service workers started. */
const starts = ({ decided }: World): number =>
  decided.filter((action) => 'slot' in action && action.slot === null).length;

describe('the plan for the service worker', () => {
  it('has none where it is not wanted', () => {
    expect(booted({}, 1, settings).service).to.equal(undefined);
  });

  it('is forked once from the mold, and does not count as a worker', () => {
    const world = booted();
    expect(serviceOf(world)).to.include({ role: 'service', slot: null, state: 'serving' });
    expect(serviceOf(world).parent).to.equal(currentMold(world.fleet)?.id);
    expect(starts(world)).to.equal(1);
    expect(world.serving()).to.equal(3);
  });

  it('is booted afresh where the app cannot be forked', () => {
    const world = booted({ unfit: 1 });
    expect(serviceOf(world)).to.include({ parent: null, state: 'serving' });
  });

  for (const kind of ['refork', 'phased restart'] as const)
    it(`leaves before its successor of a ${kind} is ordered`, () => {
      for (let seed = 1; seed <= 50; seed++) {
        const world = booted({}, seed);
        const old = serviceOf(world);
        world.fleet.rollouts.request(kind, 'story', world.now);
        world.turn();
        run(world, 200);
        const drains = world.decided.filter((action) => action.type === 'drain');
        expect(drains.filter(({ child }) => child === old.id)).to.have.lengthOf(1);
        expect(starts(world)).to.equal(2);
        const { phase, generation, state } = serviceOf(world);
        expect(state).to.equal('serving');
        expect({ phase, generation }).to.include(
          kind === 'refork' ? { phase: 0, generation: 1 } : { phase: 1, generation: 0 },
        );
      }
    });

  it('is never the candidate of a refork', () => {
    const world = booted();
    for (const child of world.fleet.children.values())
      if (child.role === 'worker') world.hear(child, { type: 'unsafe', reason: 'story' });
    world.fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    expect(world.decided.at(-1)).to.include({ type: 'dropRequest' });
  });

  it('does not serve: without workers the server gives up', () => {
    const world = booted({}, 1, { ...withService, maxConsecutiveSpawnErrors: 3 });
    for (const child of world.fleet.children.values())
      if (child.role === 'worker') world.fleet.ended(child, 'SIGKILL', world.now);
    for (let start = 0; start < 3; start++) world.fleet.starts.failed('story', world.now);
    expect(() => {
      run(world, 100);
    }).to.throw(Exited);
    expect(world.decided.map(({ type }) => type)).to.include('giveUp');
  });

  it('is tried again, less and less often, and the server does not give up', () => {
    const world = booted({ service: 1 }, 1, { ...withService, maxConsecutiveSpawnErrors: 2 });
    world.fleet.rollouts.request('refork', 'story', world.now);
    run(world, 200);
    expect(world.fleet.rollouts.lastError).to.equal(null);
    expect(currentMold(world.fleet)?.generation, 'the refork').to.equal(1);
    const before = starts(world);
    run(world, 1_200); // A minute: one start every ten seconds by now.
    expect(starts(world) - before).to.be.within(4, 8);
    expect(world.lowestServing).to.equal(3);
    Object.assign(world.faults, noFaults);
    run(world, 300);
    expect(serviceOf(world).state).to.equal('serving');
  });

  it('slows down when the app ends it again and again', () => {
    const world = booted();
    const before = starts(world);
    for (let tick = 0; tick < 1_200; tick++) {
      const { service } = world;
      if (service?.state === 'serving') world.fleet.ended(service, 'exit code 0', world.now);
      world.tick();
    }
    expect(starts(world) - before, 'within a minute').to.be.within(10, 100);
    expect(world.fleet.starts.notBefore, 'the delay of workers').to.equal(0);
  });

  it('delays neither a rollout nor a stop when it hangs', () => {
    const world = booted();
    const hung = serviceOf(world);
    world.hang(hung);
    world.fleet.rollouts.request('phased restart', 'story', world.now);
    world.turn();
    const isDone = () => world.fleet.phase === 1 && isQuiescent(world.fleet);
    for (let tick = 0; tick < 100 && !isDone(); tick++) world.tick();
    expect(isDone()).to.equal(true);
    run(world, 100);
    const successor = serviceOf(world);
    expect(successor).to.include({ phase: 1, state: 'serving' });
    world.hang(successor);
    world.fleet.stop('graceful', world.now);
    const stoppedAt = world.now;
    expect(() => {
      run(world, 100);
    }).to.throw(Exited);
    expect(world.now - stoppedAt).to.be.below(settings.shutdownTimeoutMs + 1_500);
  });

  it('leaves when a new configuration no longer has it', () => {
    const world = booted();
    Object.assign(world, { config: settings });
    run(world, 50);
    expect(world.service).to.equal(undefined);
  });

  it('does not affect the workers', () => {
    const worst = { service: 1, death: 0 };
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom('refork', 'phased restart'), (seed, kind) => {
        const world = booted(worst, seed);
        world.fleet.rollouts.request(kind, 'story', world.now);
        world.turn();
        run(world, 200);
        expect(world.decided.map(({ type }) => type)).to.include('finish');
        expect(world.lowestServing).to.equal(settings.workers);
      }),
      { numRuns: 50 },
    );
  });
});
