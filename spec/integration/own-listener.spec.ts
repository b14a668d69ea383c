// Goal: an app that listens itself is refused at its boot, with the place and the remedy in the last
// line, and never runs without its port; other ways to listen are left alone. Method: the real
// server and the real check, on apps that listen as people do.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { resultOf } from '../support/checked.js';
import { freePort } from '../support/free-port.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const listener = `
  import { createServer } from 'node:http';
  const listener = (request, response) => response.end('hello');`;
const exported = `${listener} export default listener;`;

const atOnce = (port: number): string => `${exported} createServer(listener).listen(${port});`;
const onAddress = (port: number): string =>
  `${exported} createServer(listener).listen(${port}, '127.0.0.1');`;

interface Listening {
  readonly title: string;
  readonly text: (port: number) => string;
  readonly place: (port: number) => string;
}

const apps: readonly Listening[] = [
  { title: 'at once', text: atOnce, place: (port) => `[::]:${port}` },
  {
    title: 'on a host, which is looked up first',
    text: (port) => `${exported} createServer(listener).listen(${port}, 'localhost');`,
    place: (port) => `127.0.0.1:${port}`,
  },
  {
    title: 'in a factory',
    text: (port) => `${listener}
      const make = () => new Promise((resolve) =>
        createServer(listener).listen(${port}, '127.0.0.1', () => resolve(listener)));
      export default { [Symbol.for('pitchfork-ts.factory')]: make };`,
    place: (port) => `127.0.0.1:${port}`,
  },
];

/** The end of a server that cannot boot. */
async function endOf(server: Server): Promise<{ code: number | null; lastLine: string }> {
  const { code } = await server.exit;
  const lines = readFileSync(server.output, 'utf8').trimEnd().split('\n');
  return { code, lastLine: lines.at(-1) ?? '' };
}

describe('an app that exports its listener and listens (C13)', function () {
  this.timeout(60_000);
  let server: Server | undefined;
  afterEach(async () => {
    await server?.destroy();
    server = undefined;
  });

  for (const { title, text, place } of apps)
    it(`is refused if it does so ${title}`, async () => {
      const port = freePort();
      server = await Server.start({ app: { text: text(port) }, workers: 2, eager: true });
      const { code, lastLine } = await endOf(server);
      expect(lastLine).to.match(/^pitchfork-ts: could not boot: \S*app\.mjs: listen\(\) is called/);
      expect(lastLine).to.include(`for ${place(port)}: `);
      expect(lastLine).to.include('set `listen: ' + `${port}` + '` in the configuration');
      expect(code).to.equal(1);
    });

  it('is given the remedy if it wants the address of this server', async () => {
    const port = freePort();
    const listen = `127.0.0.1:${port}`;
    const app = { text: onAddress(port) };
    server = await Server.start({ app, listen, workers: 2, eager: true });
    const { code, lastLine } = await endOf(server);
    expect(lastLine).to.match(/EADDRINUSE.*remove that: the option `listen`/);
    expect(code).to.equal(1);
  });

  it('is named by check', async () => {
    const result = await resultOf({ app: atOnce(freePort()) });
    expect(result.failure).to.match(/listen\(\) is called by the app itself/);
    expect(result.findings.map(({ subject }) => subject)).to.include('listen()');
    expect(result.code).to.equal(1);
  });

  it('fails a phased restart, and leaves the old code serving', async () => {
    const port = freePort();
    const started = await Server.start({ app: { text: exported } });
    server = started;
    writeFileSync(join(started.directory, 'app.mjs'), onAddress(port));
    const { body } = await started.ask('POST', '/phased-restart?wait=1');
    const reason = `listen() is called by the app itself, for 127.0.0.1:${port}`;
    expect(JSON.stringify(body)).to.include(reason);
    expect(await started.get()).to.equal('hello');
    await started.stop();
  });

  it('may do so by exception', async () => {
    const app = { text: onAddress(freePort()) };
    const config = `incompatibleModules: { except: ['listen()'] },`;
    server = await Server.start({ app, config });
    expect(await server.get()).to.equal('hello');
    await server.stop();
  });

  it('is no candidate for a mold if it listens later, and keeps serving', async () => {
    const text = `${listener}
      const own = createServer(listener);
      export default (request, response) => {
        if (!own.listening) own.listen(0, '127.0.0.1');
        response.end(String(own.listening));
      };`;
    const started = await Server.start({ app: { text }, workers: 1 });
    server = started;
    await until('the app to listen', async () => (await started.get()) === 'true');
    const { body } = await started.refork();
    expect(JSON.stringify(body)).to.match(/cannot be forked: listen\(\) is called by the app/);
    expect(JSON.stringify(body)).to.include('afterMoldFork');
    expect(await started.get()).to.equal('true');
    await started.stop();
  });
});
