// Goal: `pidfile` names the server while it runs and never another one; `log.file` has every line,
// also when it is moved away and reopened on SIGHUP. Method: real servers, and the files.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `console.log('said by the app');
    export default (request, response) => response.end(JSON.stringify({ pid: process.pid }));`,
};
const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

describe('the pid file', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const start = async (before: (file: string) => void): Promise<string> => {
    server = await Server.start({
      app,
      config: `pidfile: './server.pid',`,
      eager: true,
    });
    const file = join(server.directory, 'server.pid');
    // In the same tick as the start: long before the configuration is loaded.
    before(file);
    return file;
  };

  it('names the monitor, outlives workers and reforks, and is gone afterwards (C7)', async () => {
    const file = await start((path) => writeFileSync(path, '999999999\n'));
    await server.logged('all workers are ready');
    expect(read(file)).to.equal(`${server.pid}\n`);
    process.kill(Number((await server.stats()).workers[0]?.pid), 'SIGKILL');
    await server.logged('ended unexpectedly');
    await server.settled();
    await server.refork();
    expect(read(file)).to.equal(`${server.pid}\n`);
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    expect(existsSync(file)).to.equal(false);
  });

  it('of another process that lives is left alone, with one line about it (C7)', async () => {
    const file = await start((path) => writeFileSync(path, `${process.pid}\n`));
    expect((await server.exit).code).to.equal(1);
    const last = server.text().trimEnd().split('\n').at(-1);
    expect(last).to.equal(
      `pitchfork-ts: pidfile ${file}: names process ${process.pid}, which is running: ` +
        'stop that server, or remove the file if that process is not one',
    );
    expect(read(file)).to.equal(`${process.pid}\n`);
    expect(existsSync(server.control)).to.equal(false);
  });

  it('is left alone at the end when it belongs to another process by then', async () => {
    const file = await start(() => undefined);
    await server.logged('all workers are ready');
    writeFileSync(file, '1\n');
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    expect(read(file)).to.equal('1\n');
  });
});

describe('the log file', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const lines = (file: string, msg: string): number =>
    read(file).split(`"msg":"${msg}"`).length - 1;

  it('is reopened on SIGHUP, and no line is lost', async () => {
    server = await Server.start({
      app,
      config: `log: { level: 'info', format: 'json', file: './server.log' },`,
      eager: true,
    });
    const file = join(server.directory, 'server.log');
    const moved = `${file}.1`;
    await until('the boot', () => lines(file, 'all workers are ready') === 1, 20_000);
    renameSync(file, moved);
    for (let change = 0; change < 5; change++) await server.ask('POST', '/workers/add');
    server.signal('SIGHUP');
    await until('the new file', () => lines(file, 'log file reopened') === 1);
    for (let change = 0; change < 5; change++) await server.ask('POST', '/workers/remove');
    expect(lines(moved, 'number of workers changed')).to.equal(5);
    expect(lines(file, 'number of workers changed')).to.equal(5);
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    expect(lines(file, 'monitor stopped')).to.equal(1);
    expect(lines(moved, 'monitor started')).to.equal(1);
    expect(server.text(), 'standard output').to.equal('said by the app\n');
  });

  it('continues in the old file when a new one cannot be opened', async () => {
    server = await Server.start({
      app,
      config: `log: { level: 'info', format: 'json', file: './logs/server.log' },`,
      prelude: `import { mkdirSync } from 'node:fs';
        mkdirSync(new URL('./logs', import.meta.url), { recursive: true });`,
      eager: true,
    });
    const logs = join(server.directory, 'logs');
    const moved = join(server.directory, 'moved');
    await until(
      'the boot',
      () => lines(join(logs, 'server.log'), 'all workers are ready') === 1,
      20_000,
    );
    renameSync(logs, moved);
    server.signal('SIGHUP');
    const file = join(moved, 'server.log');
    const failed = 'cannot reopen the log file, the old one goes on';
    await until('the line', () => lines(file, failed) === 1);
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    expect(lines(file, 'monitor stopped')).to.equal(1);
  });

  it('that cannot be opened ends the start with one line (R9)', async () => {
    server = await Server.start({
      app,
      config: `log: { file: './missing/server.log' },`,
      eager: true,
    });
    expect((await server.exit).code).to.equal(1);
    expect(server.text()).to.match(/^pitchfork-ts: cannot open log file .*: ENOENT.*\n$/);
  });
});
