// Goal: as process 1 of a container the server loses no worker and leaves no zombie, whatever its
// parent. Method: a pid namespace of its own (unshare), orphans that the app makes, and /proc.
import { expect } from 'chai';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { marked, processOf } from '../support/processes.js';
import { until } from '../support/until.js';

const isRoot = process.getuid?.() === 0;
const asPid1 = ['unshare', ...(isRoot ? [] : ['-U', '-r']), '-p', '-f', '--mount-proc'];
const orphans = 50;

const app = `
import { execFile } from 'node:child_process';
import plain from ${JSON.stringify(fixtureApp('plain.mjs'))};
const script = 'for i in $(seq ${orphans}); do (sleep 0.3 &) ; done';
export default (request, response) => {
  if (request.url !== '/orphans') return plain(request, response);
  execFile('sh', ['-c', script], () => response.end('made'));
};
`;

describe('as process 1', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** Children of the monitor, by their pids out here. */
  const children = () => {
    const all = marked(server.mark);
    const monitor = all.find(({ parent }) => parent === server.pid);
    return all.filter(({ parent }) => parent === monitor?.pid);
  };

  it('reaps orphans, replaces and reforks workers, and stops (O9)', async () => {
    server = await Server.start({ app: { text: app }, workers: 2, launcher: asPid1 });
    expect((await server.stats()).pid).to.equal(1);
    expect(await server.get('/orphans')).to.equal('made');
    await until(
      'all orphans to be reaped',
      () => server.log('reaped unknown subprocess').length >= orphans,
      10_000,
    );
    expect(children().filter(({ state }) => state === 'Z')).to.deep.equal([]);

    const [worker] = children().filter(({ title }) => title.includes('worker[0]'));
    if (!worker) throw new Error('there is no worker 0');
    process.kill(worker.pid, 'SIGKILL');
    await server.logged('ended unexpectedly', { slot: 0, signal: 'SIGKILL' });
    await server.settled();
    expect((await server.ask('POST', '/refork?wait=1')).status).to.equal(200);
    expect((await server.ask('POST', '/phased-restart?wait=1')).status).to.equal(200);
    const { workers } = await server.settled();
    expect(workers.map(({ slot, phase }) => [slot, phase])).to.deep.equal([
      [0, 1],
      [1, 1],
    ]);
    await until('only the mold and two workers', () => children().length === 3);

    const monitor = children()[0]?.parent ?? 0;
    process.kill(monitor, 'SIGTERM');
    const { code } = await withDeadline(server.exit, 15_000, 'the server to stop');
    expect(code).to.equal(0);
    expect(processOf(monitor)).to.equal(undefined);
    await server.expectNothingLeft();
  });
});
