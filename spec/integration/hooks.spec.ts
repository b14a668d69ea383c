// Goal: each hook runs in its process, with its arguments, as often as it should, and in the order
// of the configuration. Method: hooks that write a line of JSON; the lines are compared with log,
// stats and requests. Failing hooks are in hook-faults.spec.ts.
import { expect } from 'chai';
import { Client } from '../support/client.js';
import { calls, recorder, type Call } from '../support/hook-calls.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `export default (request, response) => response.end(JSON.stringify({ pid: process.pid }));`,
};

const every = [
  'afterMonitorReady',
  'afterBooted',
  'beforeFork',
  'afterFork',
  'afterMoldFork',
  'afterWorkerFork',
  'afterWorkerReady',
  'beforeWorkerExit',
  'afterRequestComplete',
  'afterWorkerExit',
];

const recordAll = every.map((name) => `${name}: record('${name}'),`).join('\n');

describe('hooks', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function start(config = recordAll, workers = 2): Promise<void> {
    server = await Server.start({ app, workers, prelude: recorder, config });
  }

  const called = (name: string): Call[] => calls(server, name);

  /** beforeFork and afterFork alternate within each mold, and name the same slot. */
  function expectPaired(): void {
    const forks = calls(server).filter(({ name }) => /^(before|after)Fork$/.test(name));
    for (const mold of new Set(forks.map(({ pid }) => pid))) {
      const own = forks.filter(({ pid }) => pid === mold);
      own.forEach(({ name, args }, index) => {
        expect(name).to.equal(index % 2 === 0 ? 'beforeFork' : 'afterFork');
        if (index % 2 === 1) expect(args[0]?.['slot']).to.equal(own[index - 1]?.args[0]?.['slot']);
      });
      expect(own.length % 2, 'calls in pairs').to.equal(0);
    }
  }

  it('run at the boot, each in its process, with its arguments', async () => {
    await start();
    await until('all hooks of the boot', () => called('afterBooted').length === 1);
    await until('both workers', () => called('afterWorkerReady').length === 2);
    const { mold, workers } = await server.stats();
    const worker = ({ pid, slot }: { pid: number; slot: number }) => ({ pid, slot, generation: 0 });

    for (const name of ['afterMonitorReady', 'afterBooted'])
      expect(called(name)).to.deep.equal([{ name, pid: server.pid, args: [] }]);
    expect(called('afterMoldFork')).to.deep.equal([
      {
        name: 'afterMoldFork',
        pid: mold?.pid,
        args: [{ pid: mold?.pid, generation: 0, phase: 0 }],
      },
    ]);
    expect(called('beforeFork').map(({ pid, args }) => [pid, ...args])).to.deep.equal(
      workers.map(({ slot }) => [mold?.pid, { slot, generation: 0 }]),
    );
    expect(called('afterFork').map(({ pid, args }) => [pid, ...args])).to.deep.equal(
      workers.map((each) => [mold?.pid, worker(each)]),
    );
    for (const name of ['afterWorkerFork', 'afterWorkerReady'])
      expect(called(name).map(({ pid, args }) => [pid, ...args])).to.have.deep.members(
        workers.map((each) => [each.pid, { ...worker(each), phase: 0, requests: 0 }]),
      );
    for (const name of ['beforeWorkerExit', 'afterWorkerExit', 'afterRequestComplete'])
      expect(called(name), name).to.deep.equal([]);
    await server.stop();
  });

  it('report each completed request, the first as number 1', async () => {
    await start();
    const client = new Client(server.port);
    const { pid } = await client.json<{ pid: number }>('/one?a=b');
    await client.json('/two', { method: 'POST', body: 'text' });
    client.close();
    await until('two calls', () => called('afterRequestComplete').length === 2);
    const [first, second] = called('afterRequestComplete');
    expect([first?.pid, second?.pid]).to.deep.equal([pid, pid]);
    expect(first?.args[0]).to.include({ pid, requests: 1 });
    expect(second?.args[0]).to.include({ pid, requests: 2 });
    expect(first?.args[1]).to.include({ method: 'GET', url: '/one?a=b' });
    expect(second?.args[1]).to.include({ method: 'POST', url: '/two' });
    expect(first?.args[1]?.['durationMs']).to.be.within(0, 30_000);
    await server.stop();
  });

  it('run in every generation, exits exactly once, forks in pairs', async () => {
    await start();
    const first = await server.stats();
    for (const generation of [1, 2]) {
      await server.refork();
      await server.settled(generation);
    }
    const last = await expectPostConditions(server, { workers: 2 });
    server.signal('SIGTTIN');
    await until('three workers', async () => {
      const { workers } = await server.stats();
      return workers.length === 3 && workers.every(({ ready }) => ready);
    });
    const added = (await server.stats()).workers[2]?.pid;
    server.signal('SIGTTOU');
    await server.logged('exited', { pid: added });
    expect(called('afterMoldFork').map(({ args }) => args[0]?.['generation'])).to.deep.equal([
      0, 1, 2,
    ]);
    expect(called('afterBooted')).to.have.length(3);
    expect(called('afterMonitorReady')).to.have.length(1);
    await server.settled(2);
    await stopKeepingOutput();

    expectPaired();
    const births = called('afterWorkerFork').map(({ pid }) => pid);
    const promoted = new Set(called('afterMoldFork').map(({ pid }) => pid));
    const exits = called('beforeWorkerExit').map(({ pid }) => pid);
    expect(exits, 'one exit for each worker that was not promoted').to.have.members(
      births.filter((pid) => !promoted.has(pid)),
    );
    expect(births).to.include.members([...first.workers, ...last.workers].map(({ pid }) => pid));
    const reaped = called('afterWorkerExit');
    expect(reaped.map(({ args }) => args[0]?.['pid'])).to.have.members([
      ...new Set([...births, ...promoted]),
    ]);
    for (const { pid, args } of reaped) {
      expect(pid).to.equal(server.pid);
      expect(args[1]).to.deep.equal({ code: 0, signal: null });
      expect(args[0]).to.have.keys('pid', 'role', 'slot', 'generation', 'phase');
    }
    expect(reaped.filter(({ args }) => args[0]?.['role'] === 'mold')).to.have.length(3);
  });

  it('report the end of a process, whatever its cause', async () => {
    await start();
    const { workers, mold } = await server.stats();
    const [worker] = workers;
    process.kill(Number(worker?.pid), 'SIGKILL');
    process.kill(Number(mold?.pid), 'SIGKILL');
    await until('both ends', () => called('afterWorkerExit').length >= 2);
    const ends = called('afterWorkerExit').map(({ args }) => args);
    expect(ends).to.deep.include.members([
      [
        { pid: worker?.pid, role: 'worker', slot: worker?.slot, generation: 0, phase: 0 },
        { code: null, signal: 'SIGKILL' },
      ],
      [
        { pid: mold?.pid, role: 'mold', slot: null, generation: 0, phase: 0 },
        { code: null, signal: 'SIGKILL' },
      ],
    ]);
    await expectPostConditions(server, { workers: 2 });
    expectPaired();
    await server.stop();
  });

  it('run as a list, in order, each awaited before the next', async () => {
    const list = (name: string): string => `${name}: [
      async () => { await pause(30); record('${name}-1')(); },
      () => record('${name}-2')(),
      async () => { await pause(5); record('${name}-3')(); },
    ],`;
    await start(every.map(list).join('\n'), 1);
    await server.get();
    await server.refork();
    await until('the end of the old worker', () => called('afterWorkerExit-3').length >= 1);
    await stopKeepingOutput();
    for (const name of every) {
      const steps = calls(server).filter((call) => call.name.startsWith(`${name}-`));
      expect(steps, name).to.not.have.length(0);
      // Two children that end at once are reported at once: only the counts are certain then.
      for (const pid of new Set(name === 'afterWorkerExit' ? [] : steps.map((step) => step.pid))) {
        const order = steps.filter((step) => step.pid === pid).map((step) => step.name.slice(-1));
        expect(order.join(''), name).to.match(/^(123)+$/);
      }
    }
  });

  /** Like `Server.stop`, but keeps the log. */
  async function stopKeepingOutput(): Promise<void> {
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    await server.expectNothingLeft();
  }
});
