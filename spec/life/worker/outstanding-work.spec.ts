// Goal: a process that leaves by itself finishes what the app has begun, but does not wait for what
// may never happen. Method: the real process without a monitor, whose app writes a large file in
// pieces, or waits for something else; the file, its reports and its end.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Booted, type BootOptions } from '../../support/booted.js';
import { Client } from '../../support/client.js';
import { scratch } from '../../support/scratch.js';
import { until } from '../../support/until.js';

const directory = scratch();
const file = (name: string): string => join(directory.path, name);
const size = 8 * 1024 * 1024;

/** `write()` begins to write a file of `size` bytes, one piece after the other. */
const writing = `import { createWriteStream } from 'node:fs';
const write = () => {
  const stream = createWriteStream('written');
  for (let piece = 0; piece < 8; piece++) stream.write('x'.repeat(1024 * 1024));
};`;
const hook = (name: string, then = ''): string =>
  `...(() => ({ async ${name}() { (await import('./write.mjs')).write(); ${then} } }))(),`;

describe('a process that leaves', () => {
  let child: Booted;
  afterEach(() => child.destroy());

  function boot(options: BootOptions): void {
    directory.write('write.mjs', `${writing} export { write };`);
    child = new Booted(directory, options);
  }

  const expectWritten = (): unknown => expect(statSync(file('written')).size).to.equal(size);

  it('writes what a worker has begun in response to a request (D16)', async () => {
    boot({
      role: 'worker',
      app: `import { write } from './write.mjs';
        export default (request, response) => { write(); response.end(); };`,
    });
    await child.line.report('serving');
    const client = new Client(child.port);
    await client.request();
    child.line.send({ type: 'drain' });
    expect((await child.exit).code).to.equal(0);
    client.close();
    expectWritten();
  });

  it('writes what the last hook of a worker has begun', async () => {
    boot({ role: 'worker', config: hook('beforeWorkerExit') });
    await child.line.report('serving');
    child.line.send({ type: 'drain' });
    expect((await child.exit).code).to.equal(0);
    expectWritten();
  });

  it('writes what the last hook of the service worker has begun', async () => {
    boot({
      role: 'service',
      config: `beforeServiceWorkerReady() {}, ${hook('beforeServiceWorkerExit')}`,
    });
    await child.line.report('serving');
    child.line.send({ type: 'drain' });
    expect((await child.exit).code).to.equal(0);
    expectWritten();
  });

  it('writes what a start has begun that is dismissed', async () => {
    boot({ role: 'worker', config: hook('afterWorkerFork', 'await new Promise(() => {});') });
    await child.line.report('born');
    await until('the file', () => existsSync(file('written')));
    child.line.send({ type: 'drain' });
    await child.line.report('dismissed');
    expect((await child.exit).code).to.equal(0);
    expectWritten();
  });

  it('writes what a start has begun that fails', async () => {
    boot({ role: 'worker', config: hook('afterWorkerFork', `throw new Error('no database');`) });
    await child.line.report('failed');
    expect((await child.exit).code).to.equal(1);
    expectWritten();
  });

  it('waits for hooks after a request, and for sections of preventFork', async () => {
    const index = new URL('../../../lib/index.js', import.meta.url).href;
    boot({
      role: 'worker',
      app: `import { writeFileSync } from 'node:fs';
        import { worker } from '${index}';
        const pause = () => new Promise((resolve) => setTimeout(resolve, 300));
        export default (request, response) => {
          worker.preventFork(() => pause().then(() => writeFileSync('section', '')));
          response.end();
        };`,
      config: `async afterRequestComplete() {
        await new Promise((resolve) => setTimeout(resolve, 500));
        (await import('node:fs')).writeFileSync('hook', '');
      },`,
    });
    await child.line.report('serving');
    const client = new Client(child.port);
    await client.request();
    child.line.send({ type: 'drain' });
    expect((await child.exit).code).to.equal(0);
    client.close();
    expect(['section', 'hook'].filter((name) => existsSync(file(name)))).to.have.lengthOf(2);
  });

  it('does not wait for timers or idle connections', async () => {
    boot({
      role: 'worker',
      app: `import { connect, createServer } from 'node:net';
        setInterval(() => 0, 100_000);
        setTimeout(() => 0, 100_000);
        const server = createServer(() => 0).listen(0, '127.0.0.1', () =>
          connect(server.address().port, '127.0.0.1'));
        export default () => {};`,
    });
    await child.line.report('serving');
    child.line.send({ type: 'drain' });
    expect((await child.exit).code).to.equal(0);
    expect(child.line.types()).to.deep.equal(['born', 'configured', 'serving', 'leaving']);
  });

  it('waits at most shutdownTimeout, and names what it has waited for', async () => {
    execFileSync('mkfifo', [join(directory.path, 'fifo')]);
    boot({
      role: 'worker',
      app: `import { readFile } from 'node:fs';
        readFile('fifo', () => 0);
        export default () => {};`,
      config: `shutdownTimeout: '1s',`,
    });
    await child.line.report('serving');
    child.line.send({ type: 'drain' });
    const { level, text, reason } = await child.line.report('note');
    expect([level, text]).to.deep.equal(['warn', 'exited before all it had begun was written']);
    expect(reason).to.match(/^not done within \d+ ms \(active: .*FSReq/);
    expect((await child.exit).code).to.equal(0);
    expect(child.line.types()).to.deep.equal(['born', 'configured', 'serving', 'leaving', 'note']);
  });
});
