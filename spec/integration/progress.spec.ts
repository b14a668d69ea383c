// Goal: a command that waits for a rollout at a terminal shows its progress. Method: the command
// under script(1), which gives it a terminal.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
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
