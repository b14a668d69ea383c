// Goal: the plan leads every story to its proper end. Method: literal stories in a simulated world.
// plan-properties.spec.ts has random ones.
import { expect } from 'chai';
import type { Child } from '../../../lib/monitor/fleet/child.js';
import { currentMold, isQuiescent, servingIn } from '../../../lib/monitor/fleet/queries.js';
import { seeded } from '../../support/seeded.js';
import { noFaults, settings, single } from '../../support/story.js';
import { bootedWorld, Exited, World } from '../../support/world.js';

const generations = (world: World): number[] =>
  [0, 1, 2].map((slot) => servingIn(world.fleet, slot)?.generation ?? -1);

describe('plan', () => {
  it('boots one mold and fills every slot', () => {
    const world = bootedWorld();
    expect(world.count('boot')).to.equal(1);
    expect(world.serving()).to.equal(3);
    expect(currentMold(world.fleet)?.generation).to.equal(0);
  });

  it('announces the stop to all workers first, and serves until the delay is over', () => {
    const world = bootedWorld();
    const exitAt = world.now + 2_000;
    world.fleet.stop('graceful', exitAt);
    const before = world.decided.length;
    world.turn();
    expect(world.decided.slice(before).map(({ type }) => type)).to.deep.equal(
      Array<string>(3).fill('announceStop'),
    );
    const lost = servingIn(world.fleet, 1);
    if (!lost) throw new Error('nobody serves slot 1');
    world.fleet.ended(lost, 'SIGSEGV', world.now);
    while (world.now < exitAt - 50) world.tick();
    expect(world.serving()).to.equal(3);
    expect(world.count('announceStop')).to.equal(4);
    expect(world.count('drain')).to.equal(0);
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
    world.hear(boot, { type: 'failed', step: 'boot', reason: 'SyntaxError', stack: null });
    world.fleet.ended(boot, 'exit code 1', world.now);
    expect(() => world.turn()).to.throw(Exited);
    expect(world.count('boot')).to.equal(1);
    expect(world.decided).to.deep.include({
      type: 'giveUp',
      reason: 'could not boot: SyntaxError',
    });
  });

  it('gives up when the code is not loaded in time', () => {
    const { world, boot } = firstBoot();
    world.now += settings.spawnTimeoutMs + 1;
    world.turn();
    expect(boot.state).to.equal('killed');
    expect(world.count('giveUp')).to.equal(1);
    expect(world.count('boot')).to.equal(1);
  });

  it('boots each worker afresh when the code cannot be forked, and no mold again', () => {
    const world = bootedWorld({ ...noFaults, unfit: 1 });
    expect(world.serving()).to.equal(3);
    expect(world.count('boot')).to.equal(1);
    expect(world.count('bootWorker')).to.equal(3);
    const [victim] = world.fleet.children.values();
    if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
    world.settle();
    expect(world.serving()).to.equal(3);
    expect(world.count('boot')).to.equal(1);
    expect(world.count('bootWorker')).to.equal(4);
  });

  it('gives a refork up after a few refusals, and keeps every worker', () => {
    const world = bootedWorld({ ...noFaults, unfit: 1 });
    const before = [0, 1, 2].map((slot) => servingIn(world.fleet, slot)?.id);
    world.fleet.rollouts.request('refork', 'story', world.now);
    for (let tick = 0; tick < 400; tick++) world.tick();
    expect(world.count('choose')).to.equal(3);
    expect(world.fleet.rollouts.lastError).to.include('sharp@1.0.0 runs a thread');
    expect([0, 1, 2].map((slot) => servingIn(world.fleet, slot)?.id)).to.deep.equal(before);
  });

  it('forks again from a worker that can be promoted after all', () => {
    const world = bootedWorld({ ...noFaults, unfit: 1 });
    Object.assign(world.faults, noFaults);
    world.fleet.rollouts.request('refork', 'story', world.now);
    for (let tick = 0; tick < 400; tick++) world.tick();
    expect(world.fleet.unforkable).to.equal(null);
    expect(currentMold(world.fleet)?.generation).to.equal(1);
    expect(generations(world)).to.deep.equal([1, 1, 1]);
  });

  it('never promotes a worker that has declared itself not fork-safe', () => {
    const world = bootedWorld();
    for (const child of world.fleet.children.values())
      if (child.role === 'worker' && child.slot !== 1)
        world.hear(child, { type: 'unsafe', reason: 'x' });
    const safe = servingIn(world.fleet, 1)?.id;
    world.fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    expect(world.decided.filter(({ type }) => type === 'choose')).to.deep.equal([
      { type: 'choose', child: safe, reason: 'story' },
    ]);
  });

  it('boots loaded code again when that fails', () => {
    const world = bootedWorld();
    for (const child of [...world.fleet.children.values()])
      world.fleet.ended(child, 'SIGKILL', world.now);
    world.now += 10_000;
    world.turn();
    expect(world.count('boot')).to.equal(2);
    const again = [...world.fleet.children.values()].find(({ state }) => state === 'booting');
    if (again) world.fleet.ended(again, 'SIGKILL', world.now);
    world.settle();
    expect(world.serving()).to.equal(3);
  });

  it('reforks without ever having fewer workers', () => {
    const world = bootedWorld();
    world.lowestServing = Infinity;
    world.fleet.rollouts.request('refork', 'test', world.now);
    world.turn();
    world.settle();
    expect(generations(world)).to.deep.equal([1, 1, 1]);
    expect(world.lowestServing).to.equal(3);
    expect(world.count('promote')).to.equal(1);
  });

  it('combines a hundred requests into at most two reforks', () => {
    const world = bootedWorld();
    for (let pending = 0; pending < 100; pending++) {
      world.fleet.rollouts.request('refork', 'test', world.now);
      world.turn();
    }
    for (let tick = 0; tick < 1_000; tick++) world.tick();
    expect(generations(world)).to.deep.equal([2, 2, 2]);
  });

  it('loses no capacity to a worker that is too large', () => {
    const world = bootedWorld();
    world.lowestServing = Infinity;
    const large = servingIn(world.fleet, 0)?.id;
    world.grow();
    for (let tick = 0; tick < 200; tick++) world.tick();
    expect(world.lowestServing).to.equal(3);
    expect(world.fleet.get(large)).to.equal(undefined);
    expect(world.count('boot')).to.equal(1);
    expect(isQuiescent(world.fleet)).to.equal(true);
  });

  it('replaces a dead worker from the mold at once', () => {
    const world = bootedWorld();
    const victim = servingIn(world.fleet, 1);
    if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
    world.turn();
    expect(world.decided.at(-1)).to.include({ type: 'spawn', slot: 1 });
  });

  it('replaces a worker that is too large, its successor first, and promotes another', () => {
    const world = bootedWorld();
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
    const world = bootedWorld();
    const mold = currentMold(world.fleet);
    if (mold) world.fleet.ended(mold, 'SIGKILL', world.now);
    world.turn();
    for (let tick = 0; tick < 200; tick++) world.tick();
    expect(world.count('boot')).to.equal(1);
    expect(currentMold(world.fleet)?.generation).to.equal(1);
    expect(generations(world)).to.deep.equal([1, 1, 1]);
  });

  it('leaves the old generation serving when the canary dies', () => {
    const world = bootedWorld();
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
    world.settle();
    expect(world.serving()).to.equal(3);
  });

  it('reforks workers that the app ends all the time', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const world = bootedWorld({ ...noFaults }, seeded(seed));
      Object.assign(world.faults, { exit: 0.1 });
      world.fleet.rollouts.request('refork', 'test', world.now);
      for (let tick = 0; tick < 600; tick++) world.tick();
      expect(world.fleet.rollouts.lastError).to.equal(null);
      expect(currentMold(world.fleet)?.generation).to.be.at.least(1);
      expect(world.count('abandon')).to.equal(0);
    }
  });

  it('continues with a phased restart that was requested while a candidate left', () => {
    const world = bootedWorld();
    const { fleet } = world;
    fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    fleet.rollouts.request('phased restart', 'story', world.now);
    const candidate = fleet.get(fleet.rollouts.attempt?.candidate);
    if (candidate)
      world.hear(candidate, {
        ...{ type: 'leaving', figures: candidate.figures },
        ...{ metrics: null, cut: 0 },
      });
    world.turn();
    expect(world.decided.at(-1)).to.deep.equal({ type: 'bootNext' });
  });

  it('does not prove a mold whose canaries leave before their trial is over', () => {
    const world = bootedWorld();
    world.fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    for (let tick = 0; tick < 100; tick++) {
      const { attempt } = world.fleet.rollouts;
      const canary = world.fleet.get(attempt?.canary);
      if (canary?.state === 'serving' && attempt?.proven === false)
        world.hear(canary, { type: 'failed', step: 'listening', reason: 'x', stack: null });
      world.tick();
    }
    expect(world.count('prove')).to.equal(0);
    expect(world.count('abandon')).to.be.above(0);
    expect(currentMold(world.fleet)?.generation).to.equal(0);
  });

  it('takes a canary that ends after the proof for a worker like others', () => {
    const world = bootedWorld();
    world.fleet.rollouts.request('refork', 'test', world.now);
    world.turn();
    for (let tick = 0; tick < 200 && !world.fleet.rollouts.attempt?.proven; tick++) world.tick();
    const canary = world.fleet.get(world.fleet.rollouts.attempt?.canary);
    if (canary) world.fleet.ended(canary, 'SIGSEGV', world.now);
    world.settle();
    expect(world.count('finish')).to.equal(1);
    expect(generations(world)).to.deep.equal([1, 1, 1]);
  });

  it('promotes a worker whose slot is taken away before it has a stand-in', () => {
    const world = bootedWorld();
    const last = servingIn(world.fleet, 2);
    for (const child of world.fleet.children.values())
      if (child.role === 'worker' && child !== last)
        world.hear(child, { type: 'unsafe', reason: 'x' });
    world.fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    expect(world.fleet.rollouts.attempt?.candidate).to.equal(last?.id);
    world.fleet.resize(2);
    for (let tick = 0; tick < 400; tick++) world.tick();
    expect(isQuiescent(world.fleet)).to.equal(true);
    expect(currentMold(world.fleet)?.id).to.equal(last?.id);
    expect(world.serving()).to.equal(2);
  });

  it('keeps a slot that is taken away until its queue has another server', () => {
    const world = bootedWorld();
    world.fleet.resize(2);
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
      const world = bootedWorld();
      const mold = currentMold(world.fleet);
      const victim = servingIn(world.fleet, 0);
      if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
      for (let attempt = 0; attempt < 2; attempt++) {
        world.now = world.fleet.starts.notBefore;
        world.turn();
        const order = [...world.fleet.children.values()].find((c) => c.state === 'spawning');
        if (mold && order)
          world.hear(mold, { type: 'forkFailed', id: order.id, reason, stack: null });
      }
      world.turn();
      expect(mold?.state).to.equal(state);
    });

  it('kills a mold that does not answer, with the order', () => {
    const world = bootedWorld();
    const mold = currentMold(world.fleet);
    const victim = servingIn(world.fleet, 0);
    if (victim) world.fleet.ended(victim, 'SIGKILL', world.now);
    world.turn();
    for (let waited = 0; waited <= 1_100; waited += 100) {
      world.now += 100;
      for (const child of world.fleet.children.values())
        if (child.state === 'serving') world.beat(child);
      world.turn();
    }
    expect(mold?.state).to.equal('killed');
  });

  it('kills a mold once, however many orders it did not answer', () => {
    const world = bootedWorld();
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
    const world = bootedWorld();
    world.fleet.rollouts.request('phased restart', 'story', world.now);
    for (let tick = 0; tick < 400 && world.fleet.phase === 0; tick++) world.tick();
    const mold = currentMold(world.fleet);
    if (mold) world.fleet.ended(mold, 'SIGKILL', world.now);
    for (let tick = 0; tick < 400; tick++) world.tick();
    expect(isQuiescent(world.fleet)).to.equal(true);
    expect(currentMold(world.fleet)?.phase).to.equal(1);
  });

  it('retires two molds of one generation, one of which froze while the server stops', () => {
    const world = bootedWorld();
    const { fleet, now } = world;
    const promoted = servingIn(fleet, 1);
    if (promoted) fleet.enter(promoted, 'promoting', now);
    fleet.stop('graceful', now);
    if (promoted) world.hear(promoted, { type: 'frozen' });
    expect(() => {
      for (let tick = 0; tick < 200; tick++) world.tick();
    }).to.throw(Exited);
  });

  it('keeps to one booted process in single mode, also with new code', () => {
    const world = new World(noFaults, seeded(1), single);
    world.settle();
    expect(world.fleet.booted).to.equal(true);
    const [old, ...others] = world.fleet.children.values();
    expect(others).to.deep.equal([]);
    world.fleet.rollouts.request('phased restart', 'story', world.now);
    world.lowestServing = Infinity;
    world.turn();
    world.settle();
    while (world.fleet.children.size > 1) world.tick();
    expect(world.lowestServing).to.equal(1);
    expect(servingIn(world.fleet, 0)).to.include({ phase: 1, generation: 0 });
    expect(servingIn(world.fleet, 0)?.id).to.not.equal(old?.id);
    expect(world.fleet.children.size).to.equal(1);
    expect(world.count('boot') + world.count('spawn')).to.equal(0);
    expect(world.count('finish')).to.equal(1);
  });

  it('keeps the old code in single mode when the new does not start', () => {
    const world = new World(noFaults, seeded(1), single);
    world.settle();
    const old = servingIn(world.fleet, 0);
    for (let attempt = 0; attempt < 20; attempt++) {
      world.fleet.rollouts.request('phased restart', 'story', world.now);
      world.turn();
      const canary = world.fleet.get(world.fleet.rollouts.attempt?.canary);
      if (canary) world.fleet.ended(canary, 'exit code 1', world.now);
      world.settle();
    }
    expect(world.count('abandon')).to.equal(20);
    expect(servingIn(world.fleet, 0)).to.equal(old);
    expect(world.fleet.starts.failures).to.equal(0);
  });
});
