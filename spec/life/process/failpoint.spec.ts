// Goal: a failpoint does what its variable says, at its place and in its generation, and nothing
// without it. Method: the parser with literal text; the acts in a process of their own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { failpoint, parseFailpoints } from '../../../lib/life/process/failpoint.js';

const module = fileURLToPath(new URL('../../../lib/life/process/failpoint.js', import.meta.url));

interface Ended {
  code: number | string | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs statements that can call `failpoint`, with the variable set. */
function run(variable: string, statements: string): Promise<Ended> {
  const source = `import { failpoint } from ${JSON.stringify(module)}; ${statements}`;
  const env = { ...process.env, PITCHFORK_FAILPOINT: variable };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '-e', source],
      { env, timeout: 20_000 },
      (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, stdout, stderr }),
    );
  });
}

describe('failpoints', () => {
  it('are read from a list, with and without a generation', () => {
    const armed = parseFailpoints('mold.hook=stop,mold.hook@2=kill,worker.born@10=sleep:500');
    expect(armed.get('mold.hook')).to.deep.equal([
      { generation: null, action: { kind: 'stop' } },
      { generation: 2, action: { kind: 'kill' } },
    ]);
    expect(armed.get('worker.born')).to.deep.equal([
      { generation: 10, action: { kind: 'sleep', ms: 500 } },
    ]);
  });

  it('know every act', () => {
    const acts = ['stop', 'kill', 'throw', 'exit', 'sleep:1', 'spin:2'];
    const read = acts.map((act) => parseFailpoints(`mold.spawn=${act}`).get('mold.spawn')?.[0]);
    expect(read.map((armed) => armed?.action)).to.deep.equal([
      { kind: 'stop' },
      { kind: 'kill' },
      { kind: 'throw' },
      { kind: 'exit' },
      { kind: 'sleep', ms: 1 },
      { kind: 'spin', ms: 2 },
    ]);
  });

  for (const text of [
    'mold.hook',
    'mold.hook=',
    'mold.hook=explode',
    'mold.hook=sleep',
    'mold.hook=sleep:-1',
    'mold.hook@=stop',
    'mold.hook@1.5=stop',
    'no.such=stop',
    'mold.hook=stop;mold.frozen=stop',
  ])
    it(`refuse "${text}", and say so`, () => {
      expect(() => parseFailpoints(text)).to.throw(`PITCHFORK_FAILPOINT: cannot read "${text}"`);
    });

  it('do nothing when the variable is not set', () => {
    expect(failpoint('mold.hook', 0)).to.equal(undefined);
  });

  it('act in their generation only, and at their place only', async () => {
    const { code, stdout, stderr } = await run(
      'mold.hook@1=throw',
      `await failpoint('mold.hook', 0); await failpoint('mold.frozen', 1);
       try { await failpoint('mold.hook', 1); } catch (error) { console.log(error.message); }`,
    );
    expect(code).to.equal(0);
    expect(stdout).to.equal('failpoint mold.hook\n');
    expect(stderr).to.match(/^failpoint mold\.hook@1 reached by \d+\n$/);
  });

  it('act in every generation without one', async () => {
    const { stdout } = await run(
      'mold.hook=throw',
      `for (const generation of [0, 7])
         try { await failpoint('mold.hook', generation); } catch { console.log(generation); }`,
    );
    expect(stdout).to.equal('0\n7\n');
  });

  it('end the process with kill and with exit', async () => {
    const after = `await failpoint('worker.born', 3); console.log('lived on');`;
    expect(await run('worker.born=kill', after)).to.include({ signal: 'SIGKILL', stdout: '' });
    expect(await run('worker.born=exit', after)).to.include({ code: 1, stdout: '' });
  });

  it('hold the step with sleep, while the event loop runs, and with spin, while it does not', async () => {
    const statements = `
      let ticks = 0; setInterval(() => ticks++, 5).unref();
      const start = performance.now();
      await failpoint('promote.draining', 1);
      console.log(JSON.stringify({ ms: performance.now() - start, ticks }));`;
    const held = async (variable: string) =>
      JSON.parse((await run(variable, statements)).stdout) as { ms: number; ticks: number };
    const asleep = await held('promote.draining=sleep:200');
    expect(asleep.ms).to.be.at.least(195);
    expect(asleep.ticks).to.be.above(0);
    const spinning = await held('promote.draining=spin:200');
    expect(spinning.ms).to.be.at.least(195);
    expect(spinning.ticks).to.equal(0);
  });

  it('stop the process where it stands', async () => {
    const { stdout } = await run(
      '',
      `import { spawn } from 'node:child_process';
       import { readFileSync } from 'node:fs';
       const child = spawn(process.execPath, ['--input-type=module', '-e',
         "import { failpoint } from ${module}; await failpoint('boot.loaded', 0);"],
         { env: { ...process.env, PITCHFORK_FAILPOINT: 'boot.loaded=stop' } });
       const state = () => readFileSync('/proc/' + child.pid + '/stat', 'latin1').split(') ')[1][0];
       const end = Date.now() + 10_000;
       while (state() !== 'T' && Date.now() < end) await new Promise((r) => setTimeout(r, 10));
       console.log(state());
       child.kill('SIGKILL');`.replace(`from ${module}`, `from '${module}'`),
    );
    expect(stdout).to.equal('T\n');
  });
});
