// Goal: when a worker's event loop is blocked, the log has the JavaScript that blocks it before the
// worker is killed. Method: workers that block in every possible way, under each supported Node
// where V8 must be interrupted; real requests to the other worker throughout.
import { expect } from 'chai';
import { calls, recorder } from '../support/hook-calls.js';
import { supportedNodes } from '../support/nodes.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server, withDeadline, type LogLine } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
import { pbkdf2Sync } from 'node:crypto';
function spinning() { for (;;); }
function matching() { return /^(a+)+$/.test('a'.repeat(60) + 'b'); }
function waiting() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }
function deriving() { pbkdf2Sync('secret', 'salt', 2 ** 31 - 1, 64, 'sha512'); }
const ways = { '/spin': spinning, '/match': matching, '/wait': waiting, '/derive': deriving };
export default async (request, response) => {
  await null;
  ways[request.url]?.();
  response.end(String(process.pid));
};
`,
};

describe('the watchdog', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function start(options: { node?: string; config?: string } = {}): Promise<void> {
    const config = `heartbeatTimeout: '2s', ${options.config ?? ''}`;
    server = await Server.start({ app, workers: 2, prelude: recorder, ...options, config });
  }

  /** Resolves with the pid of the blocked worker when the client has been cut off. */
  async function stick(path: string): Promise<number> {
    const connection = await RawConnection.open(server.port);
    const pid = Number((await connection.ask('/')).body);
    connection.send(path);
    const other = await until('a connection to the other worker', async () => {
      const tried = await RawConnection.open(server.port);
      tried.send('/');
      const answer = await withDeadline(tried.answer(), 200, 'an answer').catch(() => null);
      if (answer === null) tried.close();
      return answer && tried;
    });
    while (!connection.ending) expect(Number((await other.ask('/')).body)).to.not.equal(pid);
    other.close();
    return pid;
  }

  async function expectStack(pid: number, name: string): Promise<LogLine> {
    const told = await server.logged('event loop blocked', { pid });
    expect(told['stack']).to.match(new RegExp(`^at ${name} \\(.*app\\.mjs:\\d+:\\d+\\)\\n`));
    const killing = await server.logged('killing', { pid });
    expect(killing.reason).to.equal('no heartbeat for 2000 ms');
    await server.logged('ended unexpectedly', { pid, signal: 'SIGKILL' });
    return told;
  }

  const interruptible = [
    { what: 'an endless loop', path: '/spin', name: 'spinning' },
    { what: 'a regular expression', path: '/match', name: 'matching' },
    { what: 'Atomics.wait', path: '/wait', name: 'waiting' },
  ];
  for (const { version, execPath } of supportedNodes())
    for (const { what, path, name } of interruptible)
      it(`names ${what} under Node ${version}`, async () => {
        await start({ node: execPath });
        await expectStack(await stick(path), name);
        await server.settled();
        await server.stop();
      });

  it('reports native code that does not return', async () => {
    await start();
    const pid = await stick('/derive');
    await server.logged('no JavaScript stack: it is stopped, or in native code', { pid });
    await server.logged('ended unexpectedly', { pid, signal: 'SIGKILL' });
    expect(server.log('event loop blocked')).to.deep.equal([]);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('survives forks and promotions, and no fork has two', async () => {
    await start();
    for (let reforks = 0; reforks < 2; reforks++) await server.refork();
    await expectStack(await stick('/spin'), 'spinning');
    await expectPostConditions(server, { workers: 2 });
    expect(server.log('cannot be forked')).to.deep.equal([]);
    await server.stop();
  });

  it('runs the hook, and ends the worker by the configured signal', async () => {
    await start({
      config: `timeoutSignal: 'SIGABRT', afterWorkerHardTimeout: record('hard'),`,
    });
    const pid = await stick('/spin');
    await server.logged('ended unexpectedly', { pid, signal: 'SIGABRT' });
    const [call, ...rest] = calls(server, 'hard');
    expect(rest).to.deep.equal([]);
    expect(call?.pid).to.equal(server.pid);
    expect(call?.args[0]).to.include({ pid, role: 'worker' });
    expect(call?.args[1]).to.include({ reason: 'no heartbeat for 2000 ms', request: null });
    expect(call?.args[1]?.['stack']).to.match(/^at spinning /);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('is killed when a signal that it can ignore does not end it', async () => {
    await start({ config: `timeoutSignal: 'SIGABRT',` });
    const pid = (await server.stats()).workers[1]?.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    await server.logged('killing', { pid, reason: 'did not end within 10000 ms' }, 25_000);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });
});
