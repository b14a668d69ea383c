// Goal: an uncaught error of the app is in the log with slot, pid and stack, and changes nothing of
// Node's own reaction: stderr, exit codes, the app's handlers. Method: apps that throw and reject in
// every way, under every supported Node.
import { expect } from 'chai';
import { supportedNodes } from '../support/nodes.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server, type LogLine } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
const later = (act) => setTimeout(act);
const hostile = () => Object.defineProperty(new Error('x'), 'stack', { get() { throw 1; } });
const ends = {
  '/throw': () => later(() => { throw new TypeError('in a timer'); }),
  '/reject': () => void Promise.reject(new Error('of a promise')),
  '/value': () => later(() => { throw { code: 7 }; }),
  '/hostile': () => later(() => { throw hostile(); }),
  '/long': () => later(() => { throw 'x'.repeat(5_000_000); }),
  '/domain': async (response) => {
    const { create } = await import('node:domain');
    const survive = () => response.end('survived');
    create().on('error', survive).run(() => later(() => { throw new Error('in a domain'); }));
  },
  '/listener': () => {
    process.on('uncaughtException', () => process.exit(3));
    later(() => { throw new Error('for a listener'); });
  },
  '/capture': (response) => {
    process.setUncaughtExceptionCaptureCallback(() => response.end('survived'));
    later(() => { throw new Error('captured'); });
  },
};
export default ({ url }, response) => (ends[url] ?? (() => response.end('ok')))(response);
`,
};

interface Expected {
  readonly msg: string;
  readonly reason: RegExp;
  readonly code?: number;
}

const uncaught = 'uncaught exception';
const fatal: [url: string, expected: Expected][] = [
  ['/throw', { msg: uncaught, reason: /\bapp\.mjs:\d+:\d+: TypeError: in a timer$/ }],
  ['/reject', { msg: 'unhandled rejection', reason: /\bapp\.mjs:\d+:\d+: Error: of a promise$/ }],
  ['/value', { msg: uncaught, reason: /^threw \{ code: 7 \}$/ }],
  ['/hostile', { msg: uncaught, reason: /^an error that cannot be described$/ }],
  ['/long', { msg: uncaught, reason: /^threw 'x{100,5000}/ }],
  ['/listener', { msg: `${uncaught}, handled by the app`, reason: /for a listener/, code: 3 }],
];

/** Sends a request that its worker does not survive; resolves with the lines about its end. */
async function ruin(server: Server, url: string): Promise<[error: LogLine, end: LogLine]> {
  const ended = server.log('ended unexpectedly').length;
  const connection = await RawConnection.open(server.port);
  connection.send(url);
  await connection.ended();
  const end = await until('the end', () => server.log('ended unexpectedly')[ended]);
  const error = server.log().find(({ pid, msg }) => pid === end.pid && /uncaught|unhan/.test(msg));
  if (!error) throw new Error(`no line about the error of ${url}:\n${server.text()}`);
  await server.settled();
  return [error, end];
}

describe('an uncaught error of the app', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const { version, execPath } of supportedNodes())
    it(`is in the log with slot, pid and stack (F3, Node ${version})`, async () => {
      server = await Server.start({ app, workers: 1, node: execPath });
      for (const [url, { msg, reason, code = 1 }] of fatal) {
        const [error, end] = await ruin(server, url);
        expect(error, url).to.include({ msg, role: 'worker', slot: 0, generation: 0 });
        expect(error.reason, url).to.match(reason);
        expect(end, url).to.include({ code, signal: null, cause: 'code' });
      }
      const [thrown] = server.log(uncaught);
      expect(thrown?.['stack']).to.match(/app\.mjs:\d+:\d+/);
      expect(server.text(), 'the output of Node itself').to.match(/^TypeError: in a timer$/m);
      const { deaths } = await server.stats();
      expect(deaths.map(({ role, slot, count }) => ({ role, slot, count }))).to.deep.equal([
        { role: 'worker', slot: 0, count: fatal.length },
      ]);
      await server.stop();
    });

  for (const how of ['domain', 'capture'])
    it(`that the app handles ends nothing (${how})`, async () => {
      server = await Server.start({ app, workers: 1 });
      const [worker] = (await server.stats()).workers;
      expect(await server.get(`/${how}`)).to.equal('survived');
      const line = await server.logged('uncaught exception, handled by the app');
      expect(line).to.include({ pid: worker?.pid, slot: 0, level: 'warn' });
      const { workers, deaths } = await server.stats();
      expect(workers[0]?.pid).to.equal(worker?.pid);
      expect(deaths).to.deep.equal([]);
      await server.stop();
    });

  it('is none under --unhandled-rejections=warn', async () => {
    const config = `nodeOptions: ['--unhandled-rejections=warn'],`;
    server = await Server.start({ app, workers: 1, config });
    const connection = await RawConnection.open(server.port);
    connection.send('/reject');
    await until('the warning of Node', () => /UnhandledPromiseRejection/.test(server.text()));
    connection.close();
    await server.get();
    expect(server.log('unhandled rejection')).to.deep.equal([]);
    expect((await server.stats()).deaths).to.deep.equal([]);
    await server.stop();
  });

  it('is not lost while the monitor is busy', async () => {
    server = await Server.start({ app, workers: 1 });
    server.signal('SIGSTOP');
    const connection = await RawConnection.open(server.port);
    connection.send('/throw');
    await connection.ended();
    server.signal('SIGCONT');
    await server.logged(uncaught, { slot: 0 });
    await server.settled();
    await server.stop();
  });
});
