// Goal: deadlines are kept, by the clock and by the workers' own reports, and no worker is killed
// without need. Method: a world without faults or chance; the spec moves its clock and its workers.
import { expect } from 'chai';
import { setMemory, type Child } from '../../../lib/monitor/fleet/child.js';
import { killOverdue } from '../../../lib/monitor/plan/overdue.js';
import { noFaults, settings } from '../../support/story.js';
import { bootedWorld, type World } from '../../support/world.js';

const mebibyte = 1024 * 1024;

const booted = (config = settings): World => bootedWorld(noFaults, () => 0.7, config);

function workersOf(world: World): [Child, ...Child[]] {
  const [first, ...others] = [...world.fleet.children.values()].filter(
    ({ role }) => role === 'worker',
  );
  if (!first) throw new Error('no worker serves');
  return [first, ...others];
}

describe('the plan for overdue children', () => {
  it('asks a silent worker for its stack, and kills it when it has answered or its time is up', () => {
    const world = booted();
    const [silent, ...others] = workersOf(world);
    const after = (ms: number): string[] => {
      const from = world.decided.length;
      world.now += ms;
      for (const child of others) world.beat(child);
      world.turn();
      return world.decided.slice(from).map(({ type }) => type);
    };
    world.beat(silent);
    expect(after(settings.heartbeatTimeoutMs)).to.deep.equal([]);
    expect(after(1)).to.deep.equal(['askForStack']);
    expect(after(1_000)).to.deep.equal([]);
    world.hear(silent, { type: 'stuck', stack: 'at spin' });
    expect(after(0)[0]).to.equal('timeOut');
    expect(silent.state).to.equal('killed');
  });

  it('judges requests by the last heartbeat, not by the time since', () => {
    const world = booted({
      ...settings,
      requestTimeoutMs: 3_000,
      cleanupTimeoutMs: 2_000,
    });
    const [slow] = workersOf(world);
    const beat = (leftMs: number): void =>
      world.hear(slow, {
        type: 'heartbeat',
        figures: slow.figures,
        urgent: { method: 'GET', url: '/', ageMs: 3_000 - leftMs, leftMs },
      });
    beat(-1_900);
    world.now += 1_000;
    world.turn();
    expect(slow.state).to.equal('serving');
    beat(-2_000);
    world.fleet.forgive(5_000, world.now);
    world.turn();
    expect(slow.state, 'just after the monitor slept').to.equal('serving');
    world.now += 1_000;
    world.turn();
    expect(slow.state).to.equal('killed');
  });

  it('replaces a worker whose request overran, its successor first', () => {
    const world = booted();
    const [slow] = workersOf(world);
    const request = { method: 'GET', url: '/', ageMs: 3_000, leftMs: 0 };
    world.hear(slow, { type: 'overran', request });
    world.lowestServing = Infinity;
    for (let tick = 0; tick < 10; tick++) world.tick();
    expect(world.fleet.get(slow.id)).to.equal(undefined);
    expect(world.lowestServing).to.equal(3);
  });

  for (const state of ['promoting', 'booting'] as const)
    it(`gives a ${state} process with a large heap longer to freeze`, () => {
      const world = booted();
      const limitMs =
        settings.spawnTimeoutMs + (state === 'promoting' ? settings.refork.drainTimeoutMs : 0);
      const begin = (bytes: number): Child => {
        const child = world.fleet.add(
          { role: 'mold', state: 'booting', slot: null, generation: 9, phase: 0, parent: null },
          world.now,
        );
        world.fleet.enter(child, state, world.now);
        setMemory(child, bytes);
        return child;
      };
      const [small, large] = [begin(200 * mebibyte), begin(1_256 * mebibyte)];
      const overdueAfter = (ms: number): Child[] => {
        const kills = killOverdue(world.fleet, settings, world.now + ms);
        return [small, large].filter(({ id }) =>
          kills.some((action) => action.type === 'kill' && action.child === id),
        );
      };
      expect(overdueAfter(limitMs)).to.deep.equal([]);
      expect(overdueAfter(limitMs + 1)).to.deep.equal([small]);
      expect(overdueAfter(limitMs + 40_000)).to.deep.equal([small]);
      expect(overdueAfter(limitMs + 40_001)).to.deep.equal([small, large]);
    });
});
