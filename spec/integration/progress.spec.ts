// Goal: a command that waits for a rollout, and a check, show their progress at a terminal. Method: the command
// under script(1), which gives it a terminal.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { scratch } from '../support/scratch.js';
import { fixtureApp, Server } from '../support/server.js';

const command = fileURLToPath(new URL('../../bin/pitchfork-ts.js', import.meta.url));

describe('--wait at a terminal', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('counts the slots as they are rolled over', async () => {
    server = await Server.start({ app: fixtureApp('plain.mjs'), workers: 3 });
    const line = `${process.execPath} ${command} phased-restart --wait --control ${server.control}`;
    const { stdout } = await promisify(execFile)('script', ['-qec', line, '/dev/null'], {
      timeout: 30_000,
    });
    expect(stdout).to.include('\r\x1b[K');
    expect(stdout).to.match(/booting|canary|rolling out: \d of 3 workers/);
    expect(stdout).to.match(/phased-restart: done\r\n$/);
    await server.stop();
  });
});

describe('check at a terminal', () => {
  const directory = scratch();

  it('shows the step under way, and erases it', async function () {
    this.timeout(60_000);
    const config = directory.write(
      'pitchfork.conf.mjs',
      `export default { app: ${JSON.stringify(fixtureApp('plain.mjs'))}, listen: '127.0.0.1:0' };`,
    );
    const line = `${process.execPath} ${command} check --request / -c ${config}`;
    const { stdout } = await promisify(execFile)('script', ['-qec', line, '/dev/null'], {
      timeout: 50_000,
    });
    const steps = [
      'loading the app',
      'forking',
      'GET /',
      'trying garbage collection, threads, timers',
      'promoting a fork to a mold',
    ];
    for (const step of steps) expect(stdout).to.include(`\r\x1b[K${step} …`);
    expect(stdout.split('\r\x1b[K').at(-1)).to.match(/^\S+plain\.mjs under Node /);
    expect(stdout).to.match(/\nsafe to fork\r\n$/);
  });
});
