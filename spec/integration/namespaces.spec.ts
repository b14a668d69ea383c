// Goal: reused pids and a clock with another origin cause no mistakes. Method: the server in a pid
// namespace with few pids, and in a time namespace. The former needs root, and a kernel on which
// that number belongs to the namespace (6.14).
import { release } from 'node:os';
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { isAlive, marked } from '../support/processes.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const mostPids = 400;
const reforks = 15;
const isRoot = process.getuid?.() === 0;
const [major = 0, minor = 0] = release().split('.').map(Number);
const pidsAreOfNamespace = major > 6 || (major === 6 && minor >= 14);

describe('a server in a namespace', () => {
  let server: Server;
  afterEach(() => server?.destroy());

  it('with ever reused pids mistakes no process (O10)', async function () {
    if (!isRoot || !pidsAreOfNamespace) this.skip();
    const script = `echo ${mostPids} > /proc/sys/kernel/pid_max && exec "$0" "$@"`;
    server = await Server.start({
      app: fixtureApp('plain.mjs'),
      workers: 2,
      config: `refork: { drainTimeout: '5s', backoff: '300ms', canary: '10ms' },`,
      launcher: ['unshare', '-p', '-f', '--mount-proc', 'sh', '-c', script],
    });
    for (let generation = 1; generation <= reforks; generation++)
      expect((await server.ask('POST', '/refork?wait=1')).body).to.include({ ok: true });
    const { workers, mold } = await server.settled(reforks);
    const born = server.log('born').map(({ pid = 0 }) => pid);
    expect(Math.max(...born)).to.be.at.most(mostPids);
    expect(
      born.some((pid, index) => pid < (born[index - 1] ?? 0)),
      `pids that begin anew: ${born.join(' ')}`,
    ).to.equal(true);
    expect(server.log('ended unexpectedly').concat(server.log('killing'))).to.deep.equal([]);
    const all = marked(server.mark);
    const monitor = all.find(({ parent }) => parent === server.pid);
    const children = all.filter(({ parent }) => parent === monitor?.pid);
    expect(children).to.have.length(workers.length + Number(mold !== null));
    process.kill(monitor?.pid ?? 0, 'SIGTERM');
    expect((await withDeadline(server.exit, 15_000, 'the server to stop')).code).to.equal(0);
    await server.expectNothingLeft();
  });

  it('of another time boots and reforks as ever (T2)', async function () {
    if (!isRoot) this.skip();
    server = await Server.start({
      app: fixtureApp('plain.mjs'),
      workers: 2,
      launcher: ['unshare', '-T', '--monotonic', '100000', '--boottime', '100000'],
    });
    expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
    process.kill((await server.stats()).workers[0]?.pid ?? 0, 'SIGKILL');
    await server.logged('ended unexpectedly');
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
    await until('its end', () => !isAlive(server.pid));
  });
});
