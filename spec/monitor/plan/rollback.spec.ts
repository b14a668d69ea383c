// Goal: the old code is a moment away for a while after a phased restart: its mold is kept, and taken
// up again by request, or when the new code dies. Method: literal stories in the simulated world;
// plan-properties.spec.ts has rollbacks in random ones.
import { expect } from 'chai';
import type { Child } from '../../../lib/monitor/fleet/child.js';
import { currentMold, isQuiescent, retainedMold } from '../../../lib/monitor/fleet/queries.js';
import { servingIn } from '../../../lib/monitor/fleet/queries.js';
import { seeded } from '../../support/seeded.js';
import { noFaults, settings, single } from '../../support/story.js';
import { bootedWorld, World } from '../../support/world.js';

const windowMs = 2_000;
const isWorker = ({ role }: Child): boolean => role === 'worker';
const isMold = ({ role }: Child): boolean => role === 'mold';

const phases = (world: World): number[] =>
  [0, 1, 2].map((slot) => servingIn(world.fleet, slot)?.phase ?? -1);

function request(world: World, kind: 'phased restart' | 'refork' | 'rollback'): void {
  world.fleet.rollouts.request(kind, 'story', world.now);
  world.turn();
}

function runUntil(world: World, what: string, isSo: () => boolean): void {
  for (let tick = 0; tick < 1_000 && !isSo(); tick++) world.tick(10);
  if (!isSo()) throw new Error(`never: ${what}`);
}

const rolledOut = (world: World): boolean =>
  isQuiescent(world.fleet) && world.fleet.rollouts.pending === null;

/** A world right after a phased restart. */
function restarted(config = settings): World {
  const world = bootedWorld({ ...noFaults }, seeded(1), config);
  request(world, 'phased restart');
  runUntil(world, 'the rollout of phase 1', () => rolledOut(world) && world.fleet.phase === 1);
  return world;
}

/** One worker after another: each has been replaced before the next dies. */
function killOneByOne(world: World, times: number): void {
  for (let time = 0; time < times; time++) {
    const victim = servingIn(world.fleet, time % 3);
    if (victim) world.fleet.ended(victim, 'SIGSEGV', world.now);
    world.turn();
    runUntil(world, 'a full house', () => world.serving() === 3);
  }
}

const automatic = (world: World): unknown[] =>
  world.decided.filter((action) => action.type === 'rollBack' && action.automatic);

describe('the old mold', () => {
  it('is kept for the window after the rollout, and then retires', () => {
    const world = restarted();
    const old = retainedMold(world.fleet);
    expect(old).to.include({ phase: 0, state: 'frozen' });
    expect(currentMold(world.fleet)).to.include({ phase: 1 });
    const end = world.now + windowMs;
    runUntil(world, 'its end', () => world.fleet.get(old?.id) === undefined);
    expect(world.now).to.be.within(end, end + 200);
    expect(world.fleet.rollouts.rollback.unavailable).to.equal('its window is over');
  });

  it('is not kept with `window: false`', () => {
    const world = restarted({ ...settings, rollback: { windowMs: false, automatic: true } });
    expect(retainedMold(world.fleet)).to.equal(undefined);
    expect(world.fleet.rollouts.rollback.unavailable).to.include('rollback.window: false');
  });

  it('does not exist where the old code could not be forked', () => {
    const world = bootedWorld({ ...noFaults, unfit: 1 });
    Object.assign(world.faults, noFaults);
    request(world, 'phased restart');
    runUntil(world, 'phase 1', () => rolledOut(world) && world.fleet.phase === 1);
    expect(world.fleet.rollouts.rollback.unavailable).to.include('no mold');
    request(world, 'rollback');
    expect(phases(world)).to.deep.equal([1, 1, 1]);
    expect(world.fleet.rollouts.lastError).to.include('no mold');
  });

  it('stays through a refork in the window', () => {
    const world = restarted();
    const old = retainedMold(world.fleet);
    request(world, 'refork');
    runUntil(world, 'generation 1', () => currentMold(world.fleet)?.generation === 1);
    expect(retainedMold(world.fleet)).to.equal(old);
    request(world, 'rollback');
    runUntil(world, 'the old code', () => rolledOut(world) && world.fleet.phase === 0);
    expect(phases(world)).to.deep.equal([0, 0, 0]);
  });

  it('gives its place to that of the next code, after another phased restart', () => {
    const world = restarted();
    const oldest = retainedMold(world.fleet);
    request(world, 'phased restart');
    runUntil(world, 'phase 2', () => rolledOut(world) && world.fleet.phase === 2);
    expect(retainedMold(world.fleet)).to.include({ phase: 1 });
    runUntil(world, 'its end', () => world.fleet.get(oldest?.id) === undefined);
    request(world, 'rollback');
    runUntil(world, 'phase 1', () => rolledOut(world) && world.fleet.phase === 1);
  });

  it('is handed over by a hot restart, whose own phased restart replaces it', () => {
    const world = restarted();
    const old = retainedMold(world.fleet)?.id;
    world.fleet.setHotRestart('prepared');
    world.turn();
    expect(world.count('replaceProgram')).to.equal(1);
    expect(retainedMold(world.fleet)?.id).to.equal(old);
    runUntil(world, 'phase 2', () => rolledOut(world) && world.fleet.phase === 2);
    expect(retainedMold(world.fleet)).to.include({ phase: 1 });
    request(world, 'rollback');
    runUntil(world, 'phase 1', () => rolledOut(world) && world.fleet.phase === 1);
  });

  it('takes the way back with it when it dies (S13)', () => {
    const world = restarted();
    world.killAll((child) => child === retainedMold(world.fleet));
    world.turn();
    expect(world.fleet.rollouts.rollback.unavailable).to.equal('the mold of the old code has died');
    request(world, 'rollback');
    expect(world.fleet.rollouts.lastError).to.equal(
      'no rollback: the mold of the old code has died',
    );
    expect(phases(world)).to.deep.equal([1, 1, 1]);
  });
});

describe('a rollback', () => {
  it('forks all workers from the old mold, at full capacity, and boots nothing', () => {
    const world = restarted();
    const boots = world.count('boot') + world.count('bootNext');
    const newMold = currentMold(world.fleet);
    world.lowestServing = Infinity;
    const from = world.now;
    request(world, 'rollback');
    expect(world.decided.slice(-3).map(({ type }) => type)).to.deep.equal(
      Array<string>(3).fill('spawn'),
    );
    runUntil(world, 'the old code', () => rolledOut(world) && world.fleet.phase === 0);
    expect(phases(world)).to.deep.equal([0, 0, 0]);
    expect(world.now - from, 'without a trial').to.be.below(settings.phasedRestart.canaryMs);
    expect(world.lowestServing).to.equal(3);
    expect(world.count('boot') + world.count('bootNext')).to.equal(boots);
    expect(world.fleet.rollouts.lastError).to.equal(null);
    runUntil(world, 'the end of the new mold', () => !world.fleet.get(newMold?.id ?? 0));
    request(world, 'rollback');
    expect(world.fleet.rollouts.lastError).to.equal('no rollback: the old code is back already');
  });

  it('is followed by phased restarts as ever, in phases of their own', () => {
    const world = restarted();
    request(world, 'rollback');
    runUntil(world, 'phase 0', () => rolledOut(world) && world.fleet.phase === 0);
    request(world, 'phased restart');
    runUntil(world, 'phase 2', () => rolledOut(world) && world.fleet.phase === 2);
    expect(phases(world)).to.deep.equal([2, 2, 2]);
    request(world, 'rollback');
    runUntil(world, 'phase 0', () => rolledOut(world) && world.fleet.phase === 0);
  });

  it('interrupts a rollout of new code, which has failed then (S12)', () => {
    const world = bootedWorld();
    request(world, 'phased restart');
    runUntil(world, 'the proof', () => world.fleet.rollouts.attempt?.proven === true);
    request(world, 'rollback');
    expect(world.fleet.rollouts.attempt?.request.kind).to.equal('rollback');
    runUntil(world, 'phase 0', () => rolledOut(world));
    expect(phases(world)).to.deep.equal([0, 0, 0]);
  });

  it('ends the trial of new code, and goes no further back', () => {
    const world = restarted();
    request(world, 'phased restart');
    runUntil(world, 'a canary', () => world.fleet.rollouts.attempt?.canarySince != null);
    request(world, 'rollback');
    expect(world.count('cancelTrial')).to.equal(1);
    expect(world.count('rollBack')).to.equal(0);
    runUntil(world, 'an end', () => rolledOut(world));
    expect(phases(world)).to.deep.equal([1, 1, 1]);
    expect(world.fleet.rollouts.lastError).to.equal('rolled back: story');
  });

  it('does not boot the code on disk when the old mold dies later, if a worker can be promoted', () => {
    const world = restarted();
    request(world, 'rollback');
    runUntil(world, 'phase 0', () => rolledOut(world) && world.fleet.phase === 0);
    world.fleet.resize(1);
    world.rest(200);
    const boots = world.count('boot');
    world.killAll(isMold);
    world.turn();
    world.rest(200);
    expect(world.count('boot')).to.equal(boots);
    expect(servingIn(world.fleet, 0)).to.include({ phase: 0, generation: 1 });
    // With nothing left to promote there is only the disk: that is other code.
    world.killAll(() => true);
    world.turn();
    world.rest(400);
    expect(servingIn(world.fleet, 0)).to.include({ phase: 2 });
    expect(world.fleet.phase).to.equal(2);
  });

  it('is refused in single mode', () => {
    const world = bootedWorld(noFaults, seeded(1), single);
    request(world, 'phased restart');
    world.settle();
    request(world, 'rollback');
    expect(world.fleet.rollouts.lastError).to.match(/^no rollback: /);
  });
});

describe('the automatic rollback', () => {
  it('comes when every worker of the new code has died (S11)', () => {
    const world = restarted();
    world.killAll(isWorker);
    world.turn();
    expect(automatic(world)).to.have.length(1);
    // Their deaths delay no worker of the old code.
    expect(world.decided.filter(({ type }) => type === 'spawn').slice(-3)).to.have.length(3);
    runUntil(world, 'the old code', () => rolledOut(world) && world.serving() === 3);
    expect(phases(world)).to.deep.equal([0, 0, 0]);
    expect(world.fleet.rollouts.lastError).to.match(
      /^the new code was rolled back: 3 deaths .*SIG/,
    );
  });

  it('comes after as many deaths as there are workers, not before', () => {
    const world = restarted();
    killOneByOne(world, 2);
    expect(automatic(world)).to.have.length(0);
    killOneByOne(world, 1);
    expect(automatic(world)).to.have.length(1);
  });

  it('counts workers that hang as dead', () => {
    const world = restarted({ ...settings, rollback: { windowMs: 60_000, automatic: true } });
    for (const child of world.fleet.children.values()) if (isWorker(child)) world.hang(child);
    runUntil(world, 'the old code', () => automatic(world).length === 1);
  });

  it('comes during the rollout, which has failed then', () => {
    const world = bootedWorld();
    request(world, 'phased restart');
    runUntil(world, 'the proof', () => world.fleet.rollouts.attempt?.proven === true);
    const isNew = (child: Child) => child.phase === 1 && child.state === 'serving';
    runUntil(world, 'the rollback', () => {
      world.killAll(isNew);
      return automatic(world).length === 1;
    });
    expect(world.fleet.rollouts.rollback.retained).to.equal(null);
    runUntil(world, 'the old code', () => rolledOut(world) && world.fleet.phase === 0);
    expect(phases(world)).to.deep.equal([0, 0, 0]);
  });

  it('comes before the server gives up', () => {
    const world = restarted({ ...settings, maxConsecutiveSpawnErrors: 3 });
    world.killAll(isWorker);
    for (let start = 0; start < 5; start++) world.fleet.starts.failed('story', world.now);
    world.turn();
    expect(world.count('giveUp')).to.equal(0);
    expect(automatic(world)).to.have.length(1);
  });

  it('goes before the trial of newer code, which is made again after it', () => {
    const world = restarted();
    request(world, 'phased restart');
    runUntil(world, 'a candidate', () => world.fleet.rollouts.attempt?.phase === 2);
    world.killAll(isWorker);
    world.turn();
    expect(automatic(world)).to.have.length(1);
    runUntil(world, 'the newer code', () => rolledOut(world) && world.fleet.phase === 2);
    expect(phases(world)).to.deep.equal([2, 2, 2]);
  });

  it('does not return to code that died as often itself', () => {
    const world = bootedWorld();
    killOneByOne(world, 3);
    request(world, 'phased restart');
    runUntil(world, 'phase 1', () => rolledOut(world) && world.fleet.phase === 1);
    killOneByOne(world, 3);
    expect(automatic(world)).to.have.length(0);
    request(world, 'rollback');
    runUntil(world, 'phase 0', () => rolledOut(world) && world.fleet.phase === 0);
  });

  it('does not come after exits in good order, after the window, or where it is switched off', () => {
    const leaving = restarted();
    Object.assign(leaving.faults, { exit: 0.2 });
    for (let tick = 0; tick < 30; tick++) leaving.tick();
    expect(automatic(leaving)).to.have.length(0);
    const late = restarted();
    late.now += windowMs;
    late.turn();
    late.killAll(isWorker);
    late.turn();
    expect(automatic(late)).to.have.length(0);
    const off = restarted({ ...settings, rollback: { windowMs, automatic: false } });
    off.killAll(isWorker);
    off.turn();
    expect(automatic(off)).to.have.length(0);
    request(off, 'rollback');
    runUntil(off, 'phase 0', () => rolledOut(off) && off.fleet.phase === 0);
  });
});
