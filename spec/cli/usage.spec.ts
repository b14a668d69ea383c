// Goal: any mistake in a command line, an environment or a configuration leads to one line per
// problem on stderr, nothing on stdout, and exit code 1. Method: the real command, one row per
// mistake.
import { expect } from 'chai';
import { scratch } from '../support/scratch.js';
import { command } from './command.js';

const directory = scratch();

async function complaint(args: string[], variables: Record<string, string> = {}): Promise<string> {
  const ended = await command(args, { directory: directory.path, variables });
  expect(ended.stdout).to.equal('');
  expect(ended.stderr).to.match(/^pitchfork-ts: .*\n$/, 'one line');
  expect(ended.code).to.equal(1);
  return ended.stderr.slice('pitchfork-ts: '.length).trimEnd();
}

describe('a mistaken command line', () => {
  const rows: [string, string][] = [
    ['--workerz 5', '--workerz: unknown option (did you mean "--workers"?)'],
    ['refork --wiat', '--wiat: unknown option (did you mean "--wait"?)'],
    ['-x', '-x: unknown option'],
    ['status --workers 2', '--workers: not an option of this command'],
    ['stats --wait', '--wait: not an option of this command'],
    ['statsu', 'statsu: unknown command (did you mean "stats"?)'],
    [
      'start',
      'start: unknown command: the server starts without a command: pitchfork-ts -c pitchfork.conf.ts',
    ],
    [
      'reload --wait',
      'reload: unknown command: `phased-restart` loads new code without downtime, `restart` the configuration as well',
    ],
    ['list', 'list: unknown command: `status` shows the processes'],
    [
      'logs',
      'logs: unknown command: the log goes to standard output, or to `log.file` in the configuration',
    ],
    [
      'scale 4',
      'scale: unknown command: `add-worker` and `remove-worker` change the number of workers',
    ],
    ['kill', 'kill: unknown command: `stop` finishes requests in flight first, `halt` does not'],
    ['constructor', 'constructor: unknown command'],
    ['-i 4', '-i: unknown option: the number of workers is -w (--workers)'],
    ['--instances=max', '--instances: unknown option: the number of workers is --workers (-w)'],
    [
      'app.ts',
      "app.ts: unknown command: write `app: './app.ts'` in pitchfork.conf.ts, and start it with -c pitchfork.conf.ts",
    ],
    [
      'start ../server.mjs',
      'start: unknown command: the server starts without a command: pitchfork-ts -c pitchfork.conf.ts',
    ],
    [
      'ecosystem.config.js',
      'ecosystem.config.js: unknown command: name a configuration with -c ecosystem.config.js',
    ],
    ['stop refork', 'refork: unexpected argument of stop'],
    ['-- bogus', 'bogus: unknown command'],
    ['--workers', '--workers: a value is missing'],
    ['--control=', '--control: a value is missing'],
    ['-w 1 -w 2', '--workers: given twice'],
    ['-w -1', '--workers: expected an integer from 0 to 1024 or "auto", got "-1"'],
    ['-p http', '--port: expected a port from 0 to 65535, got "http"'],
    ['-l 80 -p 81', '--port: cannot be combined with --listen: name the port there'],
    [
      '--refork-after 5,x',
      '--refork-after: expected positive integers, and false at the end to stop, got "x"',
    ],
    ['refork --wait=no', '--wait: takes no value'],
    ['-c nowhere.ts', 'cannot read nowhere.ts: there is no such file'],
  ];
  for (const [line, message] of rows)
    it(`"${line}" fails with "${message}"`, async () => {
      expect(await complaint(line.split(' '))).to.equal(message);
    });
});

describe('a mistaken environment', () => {
  it('fails with the name of the variable', async () => {
    expect(await complaint([], { WEB_CONCURRENCY: 'x' })).to.equal(
      'WEB_CONCURRENCY: expected an integer from 0 to 1024 or "auto", got "x"',
    );
  });
});

describe('a mistaken configuration', () => {
  it('fails with a note that there is none', async () => {
    expect(await complaint([])).to.match(/^no configuration: .* name one with -c$/);
  });

  const rows: [string, string][] = [
    ['worker: 2', 'worker: unknown key (did you mean "workers"?)'],
    [
      'refork: { drainTimeout: "soon" }',
      'refork.drainTimeout: expected a duration such as 500 or "20s", got "soon"',
    ],
    ['app: undefined', 'app: required: the module whose default export is the application'],
    ['app: "nowhere.js"', 'app: there is no such file: '],
  ];
  for (const [properties, message] of rows)
    it(`{ ${properties} } fails with "${message}"`, async () => {
      directory.write('app.mjs', '');
      const text = `import { defineConfig } from 'pitchfork-ts';
        export default defineConfig({ app: 'app.mjs', ${properties} });`;
      directory.write('pitchfork.conf.ts', text);
      expect(await complaint([])).to.include(`pitchfork.conf.ts: ${message}`);
    });

  it('gets each problem in a line of its own', async () => {
    directory.write('c.mjs', `export default { wrokers: 1, engine: 'x' };`);
    const { stderr, code } = await command(['-c', 'c.mjs'], { directory: directory.path });
    expect(stderr.trimEnd().split('\n')).to.have.lengthOf(3);
    expect(stderr).to.match(/^(pitchfork-ts: c.mjs: .*\n){3}$/);
    expect(code).to.equal(1);
  });

  it('is reported with the place of the error (C3)', async () => {
    directory.write('c.ts', `\n\nthrow new Error('boom');`);
    const { stderr, code } = await command(['-c', 'c.ts'], { directory: directory.path });
    expect(stderr).to.match(/^pitchfork-ts: c.ts: cannot be loaded: Error: boom\n {4}at .*c.ts:3:/);
    expect(code).to.equal(1);
  });

  it('never ends with code 0, even if it never loads (C3)', async () => {
    directory.write('c.mjs', `await new Promise(() => {}); export default {};`);
    const { code } = await command(['-c', 'c.mjs'], { directory: directory.path });
    expect(code).to.be.above(0);
  });
});

describe('the command', () => {
  it('shows its help and version on stdout', async () => {
    const help = await command(['--help'], { directory: directory.path });
    expect(help).to.include({ code: 0, stderr: '' });
    for (const word of ['run', 'status', 'refork', '--refork-after', '--control', '-w, --workers'])
      expect(help.stdout).to.include(word);
    const version = await command(['--version'], { directory: directory.path });
    expect(version.stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    const order = await command(['refork', '--help'], { directory: directory.path });
    expect(order.stdout).to.include('--wait');
  });
});
