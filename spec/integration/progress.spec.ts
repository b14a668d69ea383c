// Goal: a command that waits for a rollout, and a check, show their progress at a terminal, and
// then the outcome; Ctrl-C ends the wait, not the rollout. Method: the command under script(1),
// which gives it a terminal; SIGINT to one that waits for a canary.
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
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
    expect(stdout).to.match(
      /phased-restart: done in \d+\.\d s: phase 1 on 3 workers; the canary stayed healthy for 0\.\d s, but it served 0 requests\r\n$/,
    );
    await server.stop();
  });

  it('ends by Ctrl-C with a word, and the rollout goes on', async () => {
    server = await Server.start({
      app: fixtureApp('plain.mjs'),
      config: `phasedRestart: { canary: '1500ms' },`,
    });
    const line = [command, 'phased-restart', '--wait', '--control', server.control];
    const waiting = spawn(process.execPath, line, { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    waiting.stderr.on('data', (chunk: Buffer) => (text += String(chunk)));
    const exit = once(waiting, 'close');
    await server.logged('phased restart begins');
    waiting.kill('SIGINT');
    expect((await exit)[0]).to.equal(130);
    expect(text).to.equal('\nphased-restart: goes on; `pitchfork-ts status` shows it\n');
    expect(server.log('phased restart complete')).to.deep.equal([]);
    await server.logged('phased restart complete', { phase: 1 });
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
