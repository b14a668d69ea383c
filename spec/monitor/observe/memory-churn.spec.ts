// Goal: an app that no limit of memory fits is told apart from one that grows slowly, or that has
// one greedy worker. Method: looks at workers as the memory watch makes them.
import { expect } from 'chai';
import { churnWithinMs, noChurn, observeChurn } from '../../../lib/monitor/observe/memory-churn.js';
import type { MeasuredWorker } from '../../../lib/monitor/observe/memory-churn.js';

const worker = (id: number, slot: number, seconds: number, isAbove: boolean): MeasuredWorker => ({
  id,
  slot,
  ageMs: seconds * 1000,
  isAbove,
});

const afterLooks = (slots: number, ...looks: MeasuredWorker[][]): number | null =>
  churnWithinMs(
    looks.reduce(observeChurn, noChurn),
    Array.from({ length: slots }, (_, slot) => slot),
  );

describe('churn by maxWorkerMemory', () => {
  it('is seen at once when all workers exceed the limit soon (W10)', () => {
    const look = [worker(1, 0, 4, true), worker(2, 1, 3, true)];
    expect(afterLooks(2, look)).to.equal(4_000);
  });

  it('is seen while they are replaced one by one', () => {
    const first = [worker(1, 0, 4, true), worker(2, 1, 3, false)];
    const second = [worker(3, 0, 2, false), worker(2, 1, 6, true)];
    expect(afterLooks(2, first)).to.equal(null);
    expect(afterLooks(2, first, second)).to.equal(6_000);
  });

  it('needs two workers, also of a single slot', () => {
    expect(afterLooks(1, [worker(1, 0, 4, true)])).to.equal(null);
    expect(afterLooks(1, [worker(1, 0, 4, true)], [worker(1, 0, 7, true)])).to.equal(null);
    expect(afterLooks(1, [worker(1, 0, 4, true)], [worker(2, 0, 2, true)])).to.equal(2_000);
  });

  it('is none while one slot has room', () => {
    const greedy = [3, 4, 5, 6].map((id) => [worker(1, 0, id, false), worker(id, 1, 3, true)]);
    expect(afterLooks(2, ...greedy)).to.equal(null);
  });

  it('is none when workers grow slowly', () => {
    const late = [worker(1, 0, 61, true), worker(2, 1, 3_600, true)];
    expect(afterLooks(2, late)).to.equal(null);
  });

  it('ends with a worker that stays below the limit', () => {
    const looks = [
      [worker(1, 0, 4, true), worker(2, 1, 4, true)],
      [worker(3, 0, 61, false), worker(4, 1, 58, false)],
    ];
    expect(afterLooks(2, ...looks)).to.equal(null);
    expect(afterLooks(2, ...looks, [worker(3, 0, 64, false), worker(4, 1, 61, false)])).to.equal(
      null,
    );
  });
});
