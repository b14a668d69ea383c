// Goal: the age of a request excludes time during which another process was suspended: a spinning
// worker is asked for its stack, and a suspension of the monitor or of the server costs nothing.
// Method: slow requests to processes that are stopped and continued; log, hooks and pids.
import { expect } from 'chai';
import { calls, recorder } from '../support/hook-calls.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';
import { slowApps } from '../support/slow-apps.js';
import { until } from '../support/until.js';

describe('a request timeout and suspended processes', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function start(): Promise<void> {
    server = await Server.start({
      app: { text: slowApps.node },
      workers: 2,
      prelude: recorder,
      config: `requestTimeout: '3s', cleanupTimeout: '3s', afterWorkerHardTimeout: record('hard'),`,
    });
  }

  /** A request in flight, with the pid of its worker. */
  async function ask(path: string): Promise<{ client: RawConnection; pid: number }> {
    const client = await RawConnection.open(server.port);
    const pid = Number((await client.ask('/')).body);
    client.send(path);
    return { client, pid };
  }

  it('names the JavaScript that delays a request', async () => {
    await start();
    const { pid } = await ask('/spin?1500');
    const told = await server.logged('event loop blocked', { pid });
    expect(told['stack']).to.match(/^at handle \(/);
    expect((await server.logged('killing', { pid })).reason).to.match(/^GET \/spin did not end/);
    expect(calls(server, 'hard')[0]?.args[1]?.['stack']).to.equal(told['stack']);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  const inFlight = (pid: number): Promise<unknown> =>
    until('the request to be known', async () => {
      const { workers } = await server.stats();
      return workers.some((worker) => worker.pid === pid && worker.inFlight > 0);
    });

  it('kills no worker for a request that ended while the monitor was suspended', async () => {
    await start();
    const { client, pid } = await ask('/slow?5000');
    await inFlight(pid);
    server.signal('SIGSTOP');
    expect((await client.answer()).body).to.equal(String(pid));
    const answered = Date.now();
    await until('the hard timeout to have passed', () => Date.now() - answered > 3_000);
    server.signal('SIGCONT');
    await server.logged('request timed out', { pid });
    await server.logged('exited', { pid });
    await expectPostConditions(server, { workers: 2 });
    expect(server.log('killing')).to.deep.equal([]);
    await server.stop();
  });

  it('does not count time during which the whole server was suspended', async () => {
    await start();
    const before = await server.stats();
    const { client, pid } = await ask('/slow?2500');
    await inFlight(pid);
    const pids = server.processes().map((process) => process.pid);
    for (const each of pids) process.kill(each, 'SIGSTOP');
    const stopped = Date.now();
    await until('both timeouts to have passed', () => Date.now() - stopped > 7_000);
    for (const each of pids) process.kill(each, 'SIGCONT');
    expect((await client.answer()).body).to.equal(String(pid));
    const resumed = Date.now();
    await until('the deadlines to be looked at', () => Date.now() - resumed > 1_500);
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.workers.map((worker) => worker.pid)).to.deep.equal(
      before.workers.map((worker) => worker.pid),
    );
    expect([...server.log('request timed out'), ...server.log('killing')]).to.deep.equal([]);
    await server.stop();
  });
});
