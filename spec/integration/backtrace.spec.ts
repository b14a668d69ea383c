// Goal: an operator gets a backtrace of every process, without harm to any. Method: a worker in an
// endless loop, one that is stopped and one with requests in flight; the command, the signal and
// the log.
import { expect } from 'chai';
import type { Backtrace } from '../../lib/control-api/backtrace.js';
import { runCommand } from '../support/command.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
function spinning() { for (;;); }
export default async ({ url }, response) => {
  if (url.startsWith('/spin')) spinning();
  else if (url.startsWith('/slow')) response.write('begun');
  else response.end('ok');
};
`,
};

describe('a backtrace', () => {
  let server: Server;
  const open: RawConnection[] = [];
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
    return server.destroy();
  });

  const send = async (path: string): Promise<RawConnection> => {
    const connection = await RawConnection.open(server.port);
    open.push(connection);
    connection.send(path);
    return connection;
  };
  const asked = async (): Promise<Backtrace> =>
    (await server.ask('GET', '/backtrace')).body as Backtrace;

  it('names the JavaScript of an endless loop, which goes on', async () => {
    server = await Server.start({ app, workers: 1, config: `heartbeatTimeout: '60s',` });
    const pid = (await server.stats()).workers[0]?.pid;
    await send('/spin');
    const text = await until('the endless loop to be seen', async () => {
      const { code, stdout } = await runCommand(['backtrace', '--control', server.control]);
      expect(code).to.equal(0);
      return stdout.includes('does not turn') && stdout;
    });
    expect(text).to.match(new RegExp(`^monitor ${server.pid}\\n`));
    expect(text).to.match(/^mold, pid \d+, generation 0: frozen: runs no JavaScript$/m);
    expect(text).to.match(
      new RegExp(
        `worker 0, pid ${pid}, generation 0: its event loop does not turn\\n` +
          '    at spinning \\(.*app\\.mjs:2:\\d+\\)\\n',
      ),
    );
    expect(server.log('killing')).to.deep.equal([]);
    server.signal('SIGPWR');
    const line = await server.logged('backtrace', { role: 'worker', pid });
    expect(line['stack']).to.match(/^at spinning /);
    expect((await server.stats()).workers[0]?.pid).to.equal(pid);
    server.signal('SIGINT');
    expect((await server.exit).code).to.equal(0);
  });

  it('lists requests in flight, and does not disturb processes that cannot answer', async () => {
    server = await Server.start({ app, workers: 2 });
    const slow = await send('/slow/one?secret=1');
    await until('the answer to begin', () => slow.answering);
    const { workers } = await server.stats();
    const busy = await until('the request in the backtrace', async () => {
      const { processes } = await asked();
      return processes.find(({ requests }) => requests?.length === 1);
    });
    expect(busy.requests?.[0]).to.include({ method: 'GET', url: '/slow/one' });
    expect(busy.resources).to.have.property('TCPServerWrap');
    expect(busy).to.include({ doing: 'serving', stack: null });
    const other = workers.find(({ pid }) => pid !== busy.pid)?.pid ?? 0;
    process.kill(other, 'SIGSTOP');
    const stopped = (await asked()).processes.find(({ pid }) => pid === other);
    expect(stopped).to.include({ doing: 'silent: stopped, or in native code', stack: null });
    process.kill(other, 'SIGCONT');
    const again = await until('it to answer again', async () => {
      const { processes } = await asked();
      return processes.find(({ pid, resources }) => pid === other && resources !== null);
    });
    expect(again.doing).to.equal('serving');
    slow.close();
    await server.stop();
  });

  it('can be requested at any moment, and SIGPWR to a child changes nothing', async () => {
    server = await Server.start({ app, workers: 2, eager: true });
    await server.logged('booting');
    server.signal('SIGPWR');
    await server.logged('backtrace', { role: 'mold' });
    await server.logged('all workers are ready');
    const refork = server.refork();
    for (let times = 0; times < 20; times++) await asked();
    expect((await refork).body).to.include({ ok: true, generation: 1 });
    const before = await server.settled(1);
    for (const pid of [before.mold?.pid ?? 0, ...before.workers.map((worker) => worker.pid)])
      process.kill(pid, 'SIGPWR');
    expect((await asked()).processes.map(({ doing }) => doing)).to.have.members([
      'frozen: runs no JavaScript',
      'serving',
      'serving',
    ]);
    expect(server.log('ended unexpectedly')).to.deep.equal([]);
    expect(server.log('event loop blocked')).to.deep.equal([]);
    await server.stop();
  });
});
