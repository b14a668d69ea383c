// Goal: the plan leads every story to its proper end. Method: a simulated world performs what the
// plan decides, with literal stories first and random ones (deaths, hangs, refusals, wishes,
// changes of the number of workers) after.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Child } from '../../../lib/monitor/fleet/child.js';
import {
  currentMold,
  isOutdated,
  isQuiescent,
  servingIn,
} from '../../../lib/monitor/fleet/queries.js';
import { seeded } from '../../support/seeded.js';
import { noFaults, settings, withService, type Faults } from '../../support/story.js';
import { Exited, World } from '../../support/world.js';

function settle(world: World, ticks = 400): void {
  for (let tick = 0; tick < ticks && !(world.fleet.booted && isQuiescent(world.fleet)); tick++)
    world.tick();
}

function booted(faults: Faults = noFaults, seed = 1): World {
  const world = new World(faults, seeded(seed));
  world.turn();
  settle(world);
  return world;
}

/** As `workers: 0` becomes it. */
const single = { ...settings, workers: 1, single: true };

const count = (world: World, type: string): number =>
  world.decided.filter((action) => action.type === type).length;

const generations = (world: World): number[] =>
  [0, 1, 2].map((slot) => servingIn(world.fleet, slot)?.generation ?? -1);

describe('plan', () => {
  it('boots one mold and fills every slot', () => {
    const world = booted();
    expect(count(world, 'boot')).to.equal(1);
    expect(world.serving()).to.equal(3);
    expect(currentMold(world.fleet)?.generation).to.equal(0);
  });

  it('tells all workers of the stop first, and serves on until the delay is over', () => {
    const world = booted();
    world.fleet.stopping = 'graceful';
    world.fleet.leaveAt = world.now + 2_000;
    const before = world.decided.length;
    world.turn();
    expect(world.decided.slice(before).map(({ type }) => type)).to.deep.equal(
      Array<string>(3).fill('announceStop'),
    );
    const lost = servingIn(world.fleet, 1);
    if (!lost) throw new Error('nobody serves slot 1');
    world.fleet.ended(lost, 'SIGSEGV', world.now);
    while (world.now < world.fleet.leaveAt - 50) world.tick();
    expect(world.serving()).to.equal(3);
    expect(count(world, 'announceStop')).to.equal(4);
    expect(count(world, 'drain')).to.equal(0);
    expect(() => {
      for (let tick = 0; tick < 100; tick++) world.tick();
    }).to.throw(Exited);
    expect(world.exited).to.equal(0);
  });

  const firstBoot = (): { world: World; boot: Child } => {
    const world = new World(noFaults, seeded(1));
    world.turn();
    const [boot] = world.fleet.children.values();
    if (!boot) throw new Error('nothing was booted');
    return { world, boot };
  };

  it('gives up at once when the code cannot be loaded', () => {
    const { world, boot } = firstBoot();
    world.fleet.hear(boot, { type: 'failed', step: 'boot', reason: 'SyntaxError' }, world.now);
    world.fleet.ended(boot, 'exit code 1', world.now);
    expect(() => world.turn()).to.throw(Exited);
    expect(count(world, 'boot')).to.equal(1);
    expect(world.decided).to.deep.include({
      type: 'giveUp',
      reason: 'could not boot: boot: SyntaxError (exit code 1)',
    });
  });

  it('gives up when the code is not loaded in time', () => {
    const { world, boot } = firstBoot();
    world.now += settings.spawnTimeoutMs + 1;
    world.turn();
    expect(boot.state).to.equal('killed');
    expect(count(world, 'giveUp')).to.equal(1);
    expect(count(world, 'boot')).to.equal(1);
  });

  it('boots each worker afresh when the code cannot be forked, and no mold again', () => {
    const world = booted({ ...noFaults, unfit: 1 });
    expect(world.serving()).to.equal(3);
    expect(count(world, 'boot')).to.equal(1);
    expect(count(world, 'bootWorker')).to.equal(3);
    const [victim] = world.fleet.children.values();
    if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
    settle(world);
    expect(world.serving()).to.equal(3);
    expect(count(world, 'boot')).to.equal(1);
    expect(count(world, 'bootWorker')).to.equal(4);
  });

  it('asks a few workers for a refork that all refuse, and leaves every one in its place', () => {
    const world = booted({ ...noFaults, unfit: 1 });
    const before = [0, 1, 2].map((slot) => servingIn(world.fleet, slot)?.id);
    world.fleet.rollouts.request('refork', 'story', world.now);
    for (let tick = 0; tick < 400; tick++) world.tick();
    expect(count(world, 'choose')).to.equal(3);
    expect(world.fleet.rollouts.lastError).to.include('sharp@1.0.0 runs a thread');
    expect([0, 1, 2].map((slot) => servingIn(world.fleet, slot)?.id)).to.deep.equal(before);
  });

  it('forks again from a worker that can be promoted after all', () => {
    const world = booted({ ...noFaults, unfit: 1 });
    Object.assign(world.faults, noFaults);
    world.fleet.rollouts.request('refork', 'story', world.now);
    for (let tick = 0; tick < 400; tick++) world.tick();
    expect(world.fleet.unforkable).to.equal(null);
    expect(currentMold(world.fleet)?.generation).to.equal(1);
    expect(generations(world)).to.deep.equal([1, 1, 1]);
  });

  it('never promotes a worker that is not fork-safe by its own word', () => {
    const world = booted();
    for (const child of world.fleet.children.values())
      if (child.slot !== 1) world.fleet.hear(child, { type: 'unsafe', reason: 'x' }, world.now);
    const safe = servingIn(world.fleet, 1)?.id;
    world.fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    expect(world.decided.filter(({ type }) => type === 'choose')).to.deep.equal([
      { type: 'choose', child: safe, reason: 'story' },
    ]);
  });

  it('boots loaded code again when that fails', () => {
    const world = booted();
    for (const child of [...world.fleet.children.values()])
      world.fleet.ended(child, 'SIGKILL', world.now);
    world.now += 10_000;
    world.turn();
    expect(count(world, 'boot')).to.equal(2);
    const again = [...world.fleet.children.values()].find(({ state }) => state === 'booting');
    if (again) world.fleet.ended(again, 'SIGKILL', world.now);
    settle(world);
    expect(world.serving()).to.equal(3);
  });

  it('reforks without ever having fewer workers', () => {
    const world = booted();
    world.lowestServing = Infinity;
    world.fleet.rollouts.request('refork', 'test', world.now);
    world.turn();
    settle(world);
    expect(generations(world)).to.deep.equal([1, 1, 1]);
    expect(world.lowestServing).to.equal(3);
    expect(count(world, 'promote')).to.equal(1);
  });

  it('makes at most two reforks of a hundred wishes', () => {
    const world = booted();
    for (let pending = 0; pending < 100; pending++) {
      world.fleet.rollouts.request('refork', 'test', world.now);
      world.turn();
    }
    for (let tick = 0; tick < 1_000; tick++) world.tick();
    expect(generations(world)).to.deep.equal([2, 2, 2]);
  });

  it('loses no capacity to a worker that is too large', () => {
    const world = booted();
    world.lowestServing = Infinity;
    const large = servingIn(world.fleet, 0)?.id;
    world.grow();
    for (let tick = 0; tick < 200; tick++) world.tick();
    expect(world.lowestServing).to.equal(3);
    expect(world.fleet.get(large)).to.equal(undefined);
    expect(count(world, 'boot')).to.equal(1);
    expect(isQuiescent(world.fleet)).to.equal(true);
  });

  it('replaces a dead worker from the mold at once', () => {
    const world = booted();
    const victim = servingIn(world.fleet, 1);
    if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
    world.turn();
    expect(world.decided.at(-1)).to.include({ type: 'spawn', slot: 1 });
  });

  it('replaces a worker that is too large, its successor first, and promotes another', () => {
    const world = booted();
    world.lowestServing = Infinity;
    const large = servingIn(world.fleet, 0);
    world.grow();
    world.turn();
    expect(world.decided.at(-1)).to.include({ type: 'spawn', slot: 0 });
    const mold = currentMold(world.fleet);
    if (mold) world.fleet.ended(mold, 'SIGKILL', world.now);
    for (let tick = 0; tick < 300; tick++) world.tick();
    const promoted = world.decided.filter(({ type }) => type === 'promote');
    expect(promoted).to.have.length(1);
    expect(promoted).to.not.deep.include({ type: 'promote', child: large?.id, generation: 1 });
    expect(world.fleet.get(large?.id)).to.equal(undefined);
    expect(world.lowestServing).to.be.at.least(2);
    expect(generations(world)).to.deep.equal([1, 1, 1]);
  });

  it('promotes a worker when the mold dies, and boots nothing', () => {
    const world = booted();
    const mold = currentMold(world.fleet);
    if (mold) world.fleet.ended(mold, 'SIGKILL', world.now);
    world.turn();
    for (let tick = 0; tick < 200; tick++) world.tick();
    expect(count(world, 'boot')).to.equal(1);
    expect(currentMold(world.fleet)?.generation).to.equal(1);
    expect(generations(world)).to.deep.equal([1, 1, 1]);
  });

  it('leaves the old generation serving when the canary dies', () => {
    const world = booted();
    world.fleet.rollouts.request('refork', 'test', world.now);
    world.turn();
    for (let tick = 0; tick < 200 && world.fleet.rollouts.attempt?.canarySince == null; tick++)
      world.tick();
    const canary = world.fleet.get(world.fleet.rollouts.attempt?.canary);
    if (canary) world.fleet.ended(canary, 'SIGSEGV', world.now);
    world.turn();
    expect(world.fleet.rollouts.lastError).to.match(/canary.*SIGSEGV/);
    expect(currentMold(world.fleet)?.generation).to.equal(0);
    expect(world.fleet.rollouts.pending, 'the next candidate').to.not.equal(null);
    settle(world);
    expect(world.serving()).to.equal(3);
  });

  it('reforks workers that the app ends all the time', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const world = booted({ ...noFaults }, seed);
      Object.assign(world.faults, { exit: 0.1 });
      world.fleet.rollouts.request('refork', 'test', world.now);
      for (let tick = 0; tick < 600; tick++) world.tick();
      expect(world.fleet.rollouts.lastError).to.equal(null);
      expect(currentMold(world.fleet)?.generation).to.be.at.least(1);
      expect(count(world, 'abandon')).to.equal(0);
    }
  });

  it('goes on with a phased restart that was wished for while a candidate left', () => {
    const world = booted();
    const { fleet } = world;
    fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    fleet.rollouts.request('phased restart', 'story', world.now);
    const candidate = fleet.get(fleet.rollouts.attempt?.candidate);
    if (candidate) fleet.hear(candidate, { type: 'dismissed' }, world.now);
    world.turn();
    expect(world.decided.at(-1)).to.deep.equal({ type: 'bootNext' });
  });

  it('does not prove a mold whose canaries leave before their trial is over', () => {
    const world = booted();
    world.fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    for (let tick = 0; tick < 100; tick++) {
      const { attempt } = world.fleet.rollouts;
      const canary = world.fleet.get(attempt?.canary);
      if (canary?.state === 'serving' && attempt?.proven === false)
        world.fleet.hear(canary, { type: 'failed', step: 'listening', reason: 'x' }, world.now);
      world.tick();
    }
    expect(count(world, 'prove')).to.equal(0);
    expect(count(world, 'abandon')).to.be.above(0);
    expect(currentMold(world.fleet)?.generation).to.equal(0);
  });

  it('takes a canary that ends after the proof for a worker like others', () => {
    const world = booted();
    world.fleet.rollouts.request('refork', 'test', world.now);
    world.turn();
    for (let tick = 0; tick < 200 && !world.fleet.rollouts.attempt?.proven; tick++) world.tick();
    const canary = world.fleet.get(world.fleet.rollouts.attempt?.canary);
    if (canary) world.fleet.ended(canary, 'SIGSEGV', world.now);
    settle(world);
    expect(count(world, 'finish')).to.equal(1);
    expect(generations(world)).to.deep.equal([1, 1, 1]);
  });

  it('promotes a worker whose slot is taken away before it has a stand-in', () => {
    const world = booted();
    const last = servingIn(world.fleet, 2);
    for (const child of world.fleet.children.values())
      if (child !== last) world.fleet.hear(child, { type: 'unsafe', reason: 'x' }, world.now);
    world.fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    expect(world.fleet.rollouts.attempt?.candidate).to.equal(last?.id);
    world.fleet.workers = 2;
    for (let tick = 0; tick < 400; tick++) world.tick();
    expect(isQuiescent(world.fleet)).to.equal(true);
    expect(currentMold(world.fleet)?.id).to.equal(last?.id);
    expect(world.serving()).to.equal(2);
  });

  it('keeps a slot that is taken away until its queue has another server', () => {
    const world = booted();
    world.fleet.workers = 2;
    world.turn();
    const leaving = () => [...world.fleet.children.values()].filter((c) => c.state === 'leaving');
    expect(leaving()).to.have.length(0);
    for (let tick = 0; tick < 200; tick++) world.tick();
    expect([...world.fleet.children.values()].filter((c) => c.role === 'worker')).to.have.length(2);
    expect(servingIn(world.fleet, 0)?.workersAtSpawn, 'slot 0 took over queue 2').to.equal(2);
  });

  for (const [reason, state] of [
    ['Error: EAGAIN: forkSibling: Resource temporarily unavailable', 'frozen'],
    ['Error: hook', 'killed'],
  ] as const)
    it(`leaves a mold ${state} that fails twice with "${reason}"`, () => {
      const world = booted();
      const mold = currentMold(world.fleet);
      const victim = servingIn(world.fleet, 0);
      if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
      for (let attempt = 0; attempt < 2; attempt++) {
        world.now = world.fleet.notBefore;
        world.turn();
        const order = [...world.fleet.children.values()].find((c) => c.state === 'spawning');
        if (mold && order)
          world.fleet.hear(mold, { type: 'forkFailed', id: order.id, reason }, world.now);
      }
      world.turn();
      expect(mold?.state).to.equal(state);
    });

  it('kills a mold that does not answer, with the order', () => {
    const world = booted();
    const mold = currentMold(world.fleet);
    const victim = servingIn(world.fleet, 0);
    if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
    world.turn();
    for (let waited = 0; waited <= 1_100; waited += 100) {
      world.now += 100;
      for (const child of world.fleet.children.values()) child.lastHeard = world.now;
      world.turn();
    }
    expect(mold?.state).to.equal('killed');
  });

  it('kills a mold once, however many orders it did not answer', () => {
    const world = booted();
    const mold = currentMold(world.fleet);
    for (const slot of [0, 1, 2]) {
      const victim = servingIn(world.fleet, slot);
      if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
    }
    world.turn();
    world.now += settings.spawnTimeoutMs + 1;
    world.turn();
    const kills = world.decided.filter((action) => action.type === 'kill');
    expect(kills.filter(({ child }) => child === mold?.id)).to.have.lengthOf(1);
    expect(kills).to.have.lengthOf(4);
  });

  it('promotes no worker of the old code when the mold of the new dies in mid-rollout', () => {
    const world = booted();
    world.fleet.rollouts.request('phased restart', 'story', world.now);
    for (let tick = 0; tick < 400 && world.fleet.phase === 0; tick++) world.tick();
    const mold = currentMold(world.fleet);
    if (mold) world.fleet.ended(mold, 'SIGKILL', world.now);
    for (let tick = 0; tick < 400; tick++) world.tick();
    expect(isQuiescent(world.fleet)).to.equal(true);
    expect(currentMold(world.fleet)?.phase).to.equal(1);
  });

  it('retires two molds of one generation, one of which froze while the server stops', () => {
    const world = booted();
    const { fleet, now } = world;
    const promoted = servingIn(fleet, 1);
    if (promoted) fleet.enter(promoted, 'promoting', now);
    fleet.stopping = 'graceful';
    if (promoted) fleet.hear(promoted, { type: 'frozen' }, now);
    expect(() => {
      for (let tick = 0; tick < 200; tick++) world.tick();
    }).to.throw(Exited);
  });

  it('keeps to one booted process in single mode, also with new code', () => {
    const world = new World(noFaults, seeded(1), single);
    settle(world);
    expect(world.fleet.booted).to.equal(true);
    const [old, ...others] = world.fleet.children.values();
    expect(others).to.deep.equal([]);
    world.fleet.rollouts.request('phased restart', 'story', world.now);
    world.lowestServing = Infinity;
    world.turn();
    settle(world);
    while (world.fleet.children.size > 1) world.tick();
    expect(world.lowestServing).to.equal(1);
    expect(servingIn(world.fleet, 0)).to.include({ phase: 1, generation: 0 });
    expect(servingIn(world.fleet, 0)?.id).to.not.equal(old?.id);
    expect(world.fleet.children.size).to.equal(1);
    expect(count(world, 'boot') + count(world, 'spawn')).to.equal(0);
    expect(count(world, 'finish')).to.equal(1);
  });

  it('keeps the old code in single mode when the new does not start', () => {
    const world = new World(noFaults, seeded(1), single);
    settle(world);
    const old = servingIn(world.fleet, 0);
    for (let attempt = 0; attempt < 20; attempt++) {
      world.fleet.rollouts.request('phased restart', 'story', world.now);
      world.turn();
      const canary = world.fleet.get(world.fleet.rollouts.attempt?.canary);
      if (canary) world.fleet.ended(canary, 'exit code 1', world.now);
      settle(world);
    }
    expect(count(world, 'abandon')).to.equal(20);
    expect(servingIn(world.fleet, 0)).to.equal(old);
    expect(world.fleet.spawnErrors).to.equal(0);
  });

  const fault = fc.double({ min: 0, max: 0.02, noNaN: true });
  const story = fc.record({
    seed: fc.integer(),
    faults: fc.record({
      ...{ death: fault, hang: fault, refusal: fault, unfit: fault, exit: fault, service: fault },
    }),
    config: fc.constantFrom(settings, withService),
    events: fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 60 }),
        what: fc.constantFrom('refork', 'more', 'less', 'reforkTwice', 'phased', 'hot', 'grow'),
      }),
      { maxLength: 8 },
    ),
  });

  it('comes to rest with every slot served by one worker, whatever happens on the way', function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(story, ({ seed, faults, config, events }) => {
        const random = seeded(seed);
        const world = new World({ ...faults }, random, config);
        world.turn();
        for (const { after, what } of events) {
          for (let tick = 0; tick < after; tick++) world.tick();
          if (what.startsWith('refork')) world.fleet.rollouts.request('refork', 'story', world.now);
          if (what === 'phased') world.fleet.rollouts.request('phased restart', 'story', world.now);
          if (what === 'reforkTwice') world.fleet.rollouts.request('refork', 'story', world.now);
          if (what === 'hot') world.fleet.hotRestart = 'prepared';
          if (what === 'grow') world.grow();
          if (what === 'more') world.fleet.workers = Math.min(6, world.fleet.workers + 1);
          if (what === 'less') world.fleet.workers = Math.max(1, world.fleet.workers - 1);
          world.fleet.queues = Math.max(world.fleet.queues, world.fleet.workers);
          world.turn();
        }
        // From here on nothing goes wrong any more.
        Object.assign(world.faults, noFaults);
        for (let tick = 0; tick < 2_000; tick++) world.tick();
        expect(world.fleet.hotRestart).to.equal(null);
        const { fleet } = world;
        // After many failures a refork waits for minutes before the next candidate is tried.
        const { pending } = fleet.rollouts;
        if (pending) {
          while (world.now < pending.notBefore) world.tick();
          for (let tick = 0; tick < 2_000; tick++) world.tick();
        }
        expect(isQuiescent(fleet)).to.equal(true);
        expect(world.serving()).to.equal(fleet.workers);
        const molds = [...fleet.children.values()].filter(({ role }) => role === 'mold');
        const wanted = fleet.unforkable ? [] : ['frozen'];
        expect(molds.map(({ state }) => state)).to.deep.equal(wanted);
        const { service } = world;
        if (config === withService) {
          expect(service?.state).to.equal('serving');
          expect(service && isOutdated(fleet, service)).to.equal(false);
        }
        expect(fleet.children.size).to.equal(fleet.workers + wanted.length + (service ? 1 : 0));
        expect(fleet.rollouts.pending ?? fleet.rollouts.attempt).to.equal(null);
      }),
      { numRuns: 300 },
    );
  });

  it('comes to rest with one process in single mode, whatever happens on the way', () => {
    fc.assert(
      fc.property(story, ({ seed, faults, events }) => {
        const world = new World({ ...faults }, seeded(seed), single);
        world.turn();
        for (const { after, what } of events) {
          for (let tick = 0; tick < after; tick++) world.tick();
          if (what === 'phased') world.fleet.rollouts.request('phased restart', 'story', world.now);
          if (what === 'grow') world.grow();
          world.turn();
        }
        Object.assign(world.faults, noFaults);
        for (let tick = 0; tick < 2_000; tick++) world.tick();
        expect(isQuiescent(world.fleet)).to.equal(true);
        expect(world.serving()).to.equal(1);
        expect(world.fleet.children.size).to.equal(1);
        expect(count(world, 'boot') + count(world, 'spawn')).to.equal(0);
        expect(world.fleet.rollouts.pending ?? world.fleet.rollouts.attempt).to.equal(null);
      }),
      { numRuns: 200 },
    );
  });

  const atMost = (max: number) => fc.integer({ min: 0, max });

  it('ends by TERM from any state', function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(story, atMost(200), atMost(3_000), (told, after, delayMs) => {
        const { seed, faults, config } = told;
        const world = new World(faults, seeded(seed), config);
        world.turn();
        for (let tick = 0; tick < after; tick++) {
          if (tick === 40) world.fleet.rollouts.request('refork', 'story', world.now);
          world.tick();
        }
        world.fleet.stopping = 'graceful';
        world.fleet.leaveAt = world.now + delayMs;
        world.fleet.rollouts.clear();
        expect(() => {
          for (let tick = 0; tick < 260; tick++) world.tick();
        }).to.throw(Exited);
        expect(world.exited).to.equal(0);
      }),
      { numRuns: 300 },
    );
  });

  it('never has fewer workers than wanted while nothing dies', function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), (seed, reforks) => {
        const world = booted(noFaults, seed);
        world.lowestServing = Infinity;
        for (let refork = 0; refork < reforks; refork++) {
          const kind = refork % 2 === 0 ? 'refork' : 'phased restart';
          if (refork % 3 === 2) world.fleet.hotRestart = 'prepared';
          world.fleet.rollouts.request(kind, 'story', world.now);
          world.turn();
          for (let tick = 0; tick < 150; tick++) world.tick();
        }
        expect(world.lowestServing).to.equal(settings.workers);
      }),
      { numRuns: 50 },
    );
  });
});
