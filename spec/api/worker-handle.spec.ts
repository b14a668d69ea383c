// Goal: an app can ask for its worker anywhere, and what it asks reaches the worker's state.
import { expect } from 'chai';
import { worker, workerState } from '../../lib/api/worker-handle.js';

describe('worker', () => {
  const pristine = { ...workerState };
  afterEach(() => {
    delete workerState.requestExit;
    Object.assign(workerState, pristine);
  });

  it('has sane values outside of a worker, and does nothing there', () => {
    const { slot, generation, phase, pid, requests, shuttingDown } = worker;
    expect({ slot, generation, phase, pid, requests, shuttingDown }).to.deep.equal({
      slot: 0,
      generation: 0,
      phase: 0,
      pid: process.pid,
      requests: 0,
      shuttingDown: false,
    });
    worker.exit();
  });

  it('takes milliseconds for an extension, and has no use for them outside of a request', () => {
    worker.extendDeadline(1_000);
    worker.extendDeadline(Infinity);
    for (const wrong of [-1, NaN])
      expect(() => worker.extendDeadline(wrong)).to.throw(RangeError, 'expected milliseconds');
  });

  it('is live', () => {
    Object.assign(workerState, { slot: 3, generation: 2, phase: 1, requests: () => 7 });
    workerState.shuttingDown = true;
    expect(worker).to.include({ slot: 3, generation: 2, phase: 1, requests: 7 });
    expect(worker.shuttingDown).to.equal(true);
  });

  it('is one for all copies of this package', () => {
    const found: unknown = Reflect.get(globalThis, Symbol.for('pitchfork-ts.worker'));
    expect(found).to.equal(workerState);
  });

  it('asks the worker to leave', () => {
    let asked = 0;
    workerState.requestExit = () => asked++;
    worker.exit();
    expect(asked).to.equal(1);
  });

  it('keeps the first reason why it is unsafe to fork', () => {
    worker.noLongerForkSafe('a thread');
    worker.noLongerForkSafe('another');
    expect(workerState.unsafeReason).to.equal('a thread');
  });

  it('counts sections that must not be forked, until they end', async () => {
    expect(worker.preventFork(() => workerState.forkBlockers)).to.equal(1);
    expect(workerState.forkBlockers).to.equal(0);
    const gate = deferred<string>();
    const section = worker.preventFork(() => gate.promise);
    expect(workerState.forkBlockers).to.equal(1);
    gate.resolve('done');
    expect(await section).to.equal('done');
    expect(workerState.forkBlockers).to.equal(0);
  });

  it('ends a section that fails, once', async () => {
    const boom = () => {
      throw new Error('boom');
    };
    expect(() => worker.preventFork(boom)).to.throw('boom');
    const late: unknown = await worker
      .preventFork(async () => boom())
      .catch((error: unknown) => error);
    expect(String(late)).to.include('boom');
    expect(workerState.forkBlockers).to.equal(0);
  });
});

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve: (value: T) => resolve(value) };
}
