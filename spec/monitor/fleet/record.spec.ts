// Goal: the next program of a hot restart has the same knowledge of the children, by its own clock.
// Method: a fleet is recorded, sent through JSON, and restored at another time.
import { expect } from 'chai';
import { Fleet, type FleetOptions } from '../../../lib/monitor/fleet/fleet.js';
import { hear } from '../../../lib/monitor/fleet/hear.js';
import { singleMode } from '../../../lib/monitor/fleet/rollouts.js';
import { carryOut } from '../../../lib/monitor/plan/carry-out.js';
import { somePid } from '../../support/some-pid.js';
import { finding } from '../../support/story.js';

const options = { workers: 2, backoffMs: 300 };
const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const restored = (fleet: Fleet, at: number, to: FleetOptions = options): Fleet =>
  Fleet.restore(throughJson(fleet.record(5_000)), to, at);

/** A fleet with a second worker that has served for 4 s and a first one that was just ordered. */
function serving(): Fleet {
  const fleet = new Fleet(options);
  carryOut(fleet, { type: 'boot' }, 500);
  const [mold] = fleet.children.values();
  if (!mold) throw new Error('nothing was booted');
  fleet.started(mold, somePid(76));
  hear(fleet, mold, { type: 'frozen' }, 900);
  carryOut(fleet, { type: 'spawn', mold: mold.id, slot: 1, canary: false }, 1_000);
  const worker = fleet.get(2);
  if (!worker) throw new Error('nothing was spawned');
  fleet.started(worker, somePid(77));
  hear(fleet, mold, { type: 'forked', id: 2, durationMs: 1 }, 1_001);
  hear(fleet, worker, { type: 'born' }, 1_002);
  hear(fleet, worker, { type: 'serving' }, 4_000);
  carryOut(fleet, { type: 'booted' }, 4_000);
  return fleet;
}

describe('the record of a fleet', () => {
  it('keeps children, with their ages', () => {
    const after = restored(serving(), 100);
    const worker = after.get(2);
    expect(worker).to.deep.include({ pid: 77, state: 'serving', slot: 1, generation: 0 });
    expect(worker).to.include({ createdAt: 100 - 4_000, stateSince: 100 - 1_000, lastHeard: -900 });
    expect(after.get(1)).to.include({ role: 'mold', state: 'frozen', proven: true, pid: 76 });
    expect(after).to.include({ phase: 0, booted: true, restarts: 1 });
    expect(after.code.data).to.include({ nextGeneration: 1, loaded: true });
  });

  it('keeps the mold for a rollback and its window, by the new clock', () => {
    const rollback = { windowMs: 3_000, automatic: true };
    const before = new Fleet({ ...options, rollback });
    before.rollouts.rollback.retain({ mold: 1, reforks: 2, since: 4_000, sound: true });
    before.rollouts.rollback.rolledOut(4_500);
    const { rollouts } = restored(before, 100, { ...options, rollback });
    expect(rollouts.rollback.retained).to.deep.equal({
      ...{ mold: 1, reforks: 2, sound: true },
      ...{ since: 100 - 1_000, until: 100 + 2_500 },
    });
    expect(rollouts.rollback.isOver(2_599)).to.equal(false);
    expect(rollouts.rollback.isOver(2_600)).to.equal(true);
  });

  it('never reuses an id', () => {
    const role = { role: 'worker', slot: 0, generation: 0, phase: 2, parent: null } as const;
    expect(restored(serving(), 100).add({ ...role, state: 'booting' }, 200).id).to.equal(3);
  });

  it('keeps the number of queues, which never falls', () => {
    const fleet = serving();
    fleet.resize(5);
    expect(restored(fleet, 100)).to.include({ workers: 2, queues: 5 });
  });

  it('keeps the pause of a crash loop, by the new clock', () => {
    const fleet = serving();
    fleet.starts.failed('story', 5_000);
    const pauseMs = fleet.starts.notBefore - 5_000;
    const { starts } = restored(fleet, 100);
    expect(starts).to.include({ failures: 1, lastError: 'story', notBefore: 100 + pauseMs });
  });

  it('keeps the verdict that the code cannot be forked, but not that of single mode', () => {
    const fleet = new Fleet(options);
    carryOut(fleet, { type: 'boot' }, 0);
    const [mold] = fleet.children.values();
    if (mold) hear(fleet, mold, { type: 'refused', findings: [finding], leaves: true }, 10);
    expect(restored(fleet, 100).unforkable?.reason).to.include('sharp@1.0.0');
    const single = { ...options, workers: 1, single: true };
    expect(restored(fleet, 100, single).unforkable).to.equal(singleMode);
    expect(restored(new Fleet(single), 100).unforkable).to.equal(null);
  });

  it('omits rollouts, but for the error of the last one', () => {
    const fleet = serving();
    fleet.rollouts.request('refork', 'story', 5_000);
    fleet.rollouts.noteError('story');
    const { rollouts } = restored(fleet, 100);
    expect(rollouts).to.include({ pending: null, attempt: null, lastError: 'story' });
  });
});
