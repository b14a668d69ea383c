// Goal: the command handles every signal from its first moment: those that ask for an exit end it,
// SIGUSR1 does not open Node's inspector. Method: the real command, kept busy by a configuration
// that never finishes loading.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';
import { commandFile } from './command.js';

describe('a signal while the command starts', () => {
  const directory = scratch();
  let child: ChildProcess;
  let stderr: string;

  beforeEach(async () => {
    directory.write(
      'slow.mjs',
      `import { writeFileSync } from 'node:fs';
       writeFileSync('loading', '');
       await new Promise((resolve) => setTimeout(resolve, 60_000));`,
    );
    child = spawn(process.execPath, [commandFile, '-c', 'slow.mjs'], {
      cwd: directory.path,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await until('the configuration to load', () => existsSync(join(directory.path, 'loading')));
  });
  afterEach(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)
    it(`${signal} ends it with code 0`, async () => {
      child.kill(signal);
      expect(await once(child, 'close')).to.deep.equal([0, null]);
    });

  it('any other is survived, and opens no inspector', async () => {
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGURG', 'SIGHUP', 'SIGTTIN', 'SIGTTOU'] as const)
      child.kill(signal);
    child.kill('SIGTERM');
    expect(await once(child, 'close')).to.deep.equal([0, null]);
    expect(stderr).to.equal('');
  });
});
