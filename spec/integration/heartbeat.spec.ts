// Goal: a worker with a blocked event loop is killed in time and replaced, and no other ever is.
// Method: workers that spin, are stopped or are just slow; a monitor that is stopped itself.
import { expect } from 'chai';
import { timeOf } from '../support/log-time.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
export default (request, response) => {
  const [path, query] = request.url.split('?');
  if (path === '/spin') for (;;);
  if (path === '/block') for (const end = Date.now() + Number(query); Date.now() < end; );
  if (path === '/slow') setTimeout(() => response.end(String(process.pid)), Number(query));
  else response.end(String(process.pid));
};
`,
};

describe('a worker without a heartbeat', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const config = `heartbeatTimeout: '3s',`;
  const expectKilled = async (pid: number): Promise<void> => {
    const killing = await server.logged('killing', { pid });
    expect(killing.reason).to.equal('no heartbeat for 3000 ms');
    const end = await server.logged('ended unexpectedly', { pid, signal: 'SIGKILL' });
    expect(end.reason).to.match(/no heartbeat/);
    expect(server.log('killing').filter((line) => line.pid === pid)).to.have.lengthOf(1);
    await expectPostConditions(server, { workers: 2 });
  };

  it('is killed after the heartbeat timeout, while the other serves (W4)', async () => {
    server = await Server.start({ app, workers: 2, config });
    const hung = await RawConnection.open(server.port);
    const pid = Number((await hung.ask('/')).body);
    const start = Date.now();
    hung.send('/spin');
    const other = await until('a connection to the other worker', async () => {
      const connection = await RawConnection.open(server.port);
      connection.send('/');
      const answer = await withDeadline(connection.answer(), 100, 'an answer').catch(() => null);
      if (answer === null) connection.close();
      return answer && connection;
    });
    while (!hung.ending) {
      expect(Number((await other.ask('/')).body)).to.not.equal(pid);
      await new Promise(setImmediate);
    }
    const ms = timeOf(await server.logged('killing', { pid })) - start;
    expect(ms).to.be.within(2_400, 4_500);
    other.close();
    await expectKilled(pid);
    await server.stop();
  });

  it('is killed when it is stopped (W6)', async () => {
    server = await Server.start({ app, workers: 2, config });
    const pid = (await server.stats()).workers[1]?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    await expectKilled(pid);
    await server.stop();
  });

  it('is replaced when all of them hang at once (W5)', async () => {
    server = await Server.start({ app, workers: 2, config });
    const { workers } = await server.stats();
    for (const { pid } of workers) process.kill(pid, 'SIGSTOP');
    for (const { pid } of workers) await expectKilled(pid);
    await server.stop();
  });

  it('is not one that answers slowly, or that is busy for less than the timeout (W7, W8)', async () => {
    server = await Server.start({ app, workers: 2, config: `heartbeatTimeout: '2s',` });
    const { workers } = await server.stats();
    const slow = await RawConnection.open(server.port);
    slow.send('/slow?6000');
    for (let times = 0; times < 4; times++) await server.get('/block?1000');
    expect((await slow.answer()).status).to.equal(200);
    slow.close();
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.workers.map(({ pid }) => pid)).to.deep.equal(workers.map(({ pid }) => pid));
    expect(server.log('killing')).to.deep.equal([]);
    await server.stop();
  });

  it('is not suspected when the monitor itself was suspended (O5, W16)', async () => {
    server = await Server.start({ app, workers: 2, config: `heartbeatTimeout: '2s',` });
    const before = await server.stats();
    server.signal('SIGSTOP');
    const stopped = Date.now();
    for (let request = 0; Date.now() - stopped < 5_000; request++) await server.get();
    server.signal('SIGCONT');
    const resumed = Date.now();
    await until('the deadlines to be looked at', () => Date.now() - resumed > 1_000);
    const after = await expectPostConditions(server, { workers: 2 });
    const pids = ({ workers, mold }: typeof before) => [
      mold?.pid,
      ...workers.map(({ pid }) => pid),
    ];
    expect(pids(after)).to.deep.equal(pids(before));
    expect(server.log('killing')).to.deep.equal([]);
    await server.stop();
  });

  it('is not suspected when the whole server was suspended (O6)', async () => {
    server = await Server.start({ app, workers: 2, config: `heartbeatTimeout: '2s',` });
    const pids = server.processes().map(({ pid }) => pid);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    const stopped = Date.now();
    await until('more than twice the timeout', () => Date.now() - stopped > 5_000);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    const resumed = Date.now();
    await until('the deadlines to be looked at', () => Date.now() - resumed > 1_000);
    await expectPostConditions(server, { workers: 2 });
    expect(server.processes().map(({ pid }) => pid)).to.have.members(pids);
    await server.stop();
  });
});
