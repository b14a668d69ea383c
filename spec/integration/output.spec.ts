// Goal: an app's output arrives once and whole, from any process and after any number of forks.
// Method: an app that writes numbered lines at boot, in workers and at every exit, to a file and to
// a pipe, through five reforks; the output consists of each of its lines exactly once.
import { expect } from 'chai';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const reforks = 5;
const requests = 30;

const app = {
  text: `
let line = 0;
const write = (what) => {
  const text = 'app:' + process.pid + ':' + what + ':' + ++line + ':' + 'x'.repeat(200) + ':end';
  console.log(text + ':log');
  process.stdout.write(text + ':stdout\\n');
  console.error(text + ':error');
  process.stderr.write(text + ':stderr\\n');
};
process.on('exit', (code) => console.log('app:' + process.pid + ':exit:' + code));
for (let time = 0; time < 50; time++) write('boot');
export default ({ url }, response) => {
  write('request');
  response.end(JSON.stringify({ pid: process.pid }));
};
`,
};

/** The app's own lines; the rest is the server's log. */
const linesOf = (output: string): string[] =>
  output.split('\n').filter((line) => line !== '' && !line.startsWith('{'));

function expectOnceAndWhole(lines: readonly string[]): void {
  const whole =
    /^app:\d+:(boot|request):\d+:x{200}:end:(log|stdout|error|stderr)$|^app:\d+:exit:0$/;
  expect(lines.filter((line) => !whole.test(line))).to.deep.equal([]);
  const twice = lines.filter((line, index) => lines.indexOf(line) !== index);
  expect(twice).to.deep.equal([]);
  const count = (what: string): number => lines.filter((line) => line.includes(what)).length;
  expect(count(':boot:')).to.equal(50 * 4);
  expect(count(':request:')).to.equal((reforks + 1) * requests * 4);
}

describe('output of an app', () => {
  let server: Server;
  afterEach(() => server.destroy());

  async function runItsCourse(): Promise<number[]> {
    const pids = new Set<number>();
    const look = async (): Promise<void> => {
      const { mold, workers } = await server.settled();
      for (const { pid } of [...workers, ...(mold ? [mold] : [])]) pids.add(pid);
      for (let request = 0; request < requests; request++) await server.get();
    };
    await look();
    for (let generation = 1; generation <= reforks; generation++) {
      expect((await server.refork()).body).to.include({ ok: true, generation });
      await look();
    }
    for (const { pid, role } of server.log('ready')) if (role === 'worker') pids.add(pid ?? 0);
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    return [...pids].sort();
  }

  /** An exit listener runs where a process ends, and not where one is forked. */
  function expectOneExitEach(lines: readonly string[], pids: readonly number[]): void {
    const exited = lines.flatMap((line) => /^app:(\d+):exit:/.exec(line)?.[1] ?? []).map(Number);
    expect(exited.sort()).to.deep.equal(pids);
  }

  it('arrives once and whole in a file', async () => {
    server = await Server.start({ app, workers: 3 });
    const pids = await runItsCourse();
    const lines = linesOf(server.text());
    expectOnceAndWhole(lines);
    expectOneExitEach(lines, pids);
    await server.stop();
  });

  it('arrives once and whole through a pipe', async () => {
    server = await Server.start({ app, workers: 3, output: 'pipe' });
    const pids = await runItsCourse();
    await until('the end of the output', () => server.text().includes('monitor stopped'));
    const lines = linesOf(server.text());
    expectOnceAndWhole(lines);
    expectOneExitEach(lines, pids);
    await server.stop();
  });
});
