// Goal: a hot restart that cannot be performed leaves the old program serving and gives the reason,
// and other events at that moment lose nothing: TERM wins, a dead worker is replaced, signals
// between two programs wait for the next one. Method: the real command, with its configuration or
// its program made unusable, and signals and kills around the exec.
import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { failures, startLoad } from '../support/load.js';
import { baseline, expectPostConditions } from '../support/post-conditions.js';
import { descriptors } from '../support/processes.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const app = fixtureApp('plain.mjs');

describe('a hot restart that goes wrong (S5)', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const start = async (config = ''): Promise<void> => {
    server = await Server.start({ app, workers: 2, config });
  };

  const rewrite = (change: (config: string) => string): void =>
    writeFileSync(server.configFile, change(readFileSync(server.configFile, 'utf8')));

  const expectRefused = async (reason: string): Promise<void> => {
    const before = await server.stats();
    const { code, stderr } = await runCommand(['restart', '--control', server.control]);
    expect(stderr).to.include(reason);
    expect(code).to.equal(1);
    await server.logged('hot restart failed');
    const after = await expectPostConditions(server, { workers: 2 });
    expect(after.restarts).to.equal(0);
    expect(after.refork.lastError).to.include(reason);
    expect(after.workers.map(({ pid }) => pid)).to.deep.equal(before.workers.map(({ pid }) => pid));
  };

  /** The fault is repaired, and a restart succeeds. */
  const expectRestart = async (workers = 2): Promise<void> => {
    const { code, stderr } = await runCommand(['restart', '--wait', '--control', server.control]);
    expect(code, stderr).to.equal(0);
    await expectPostConditions(server, { workers });
    await server.stop();
  };

  it('by a broken configuration is refused', async () => {
    await start();
    const good = readFileSync(server.configFile, 'utf8');
    rewrite(() => 'export default { app: ');
    await expectRefused('SyntaxError');
    rewrite(() => good.replace('workers: 2', 'workers: "many"'));
    await expectRefused('workers');
    rewrite(() => good);
    await expectRestart();
  });

  it('by a configuration that hangs is given up in time', async () => {
    await start(`spawnTimeout: '5s',`);
    const good = readFileSync(server.configFile, 'utf8');
    rewrite((config) => `setInterval(() => {}, 1e6); await new Promise(() => {});\n${config}`);
    await expectRefused('within 5000 ms');
    rewrite(() => good);
    await server.stop();
  });

  it('by a port that is taken is refused', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    try {
      await start();
      await until('the other server to listen', () => other.listening);
      const { port } = other.address() as AddressInfo;
      rewrite((config) => config.replace(/^ {2}listen: .*$/m, `listen: '127.0.0.1:${port}',`));
      await expectRefused(`cannot listen on 127.0.0.1:${port}`);
      await server.stop();
    } finally {
      other.close();
    }
  });

  it('by a missing Node is refused', async () => {
    const link = `/tmp/pitchfork-spec-gone-${process.pid}`;
    symlinkSync(process.execPath, link);
    server = await Server.start({ app, workers: 2, node: link });
    renameSync(link, join(server.directory, 'node'));
    await expectRefused('ENOENT');
    await server.stop();
  });

  it('is overtaken by TERM, whenever it comes', async () => {
    for (const wait of [0, 50, 400, 800, 1200]) {
      await start();
      server.signal('SIGUSR2');
      await new Promise((resolve) => setTimeout(resolve, wait));
      await server.stop();
    }
  });

  it('holds signals while no program can handle them', async () => {
    await start();
    const before = await baseline(server);
    const load = startLoad({ port: server.port, mode: 'close', conns: 4, seconds: 60 });
    await load.started;
    server.signal('SIGUSR2');
    await server.logged('replacing the monitor program');
    let ended = false;
    void server.exit.then(() => (ended = true));
    while (!ended && server.log('monitor restarted').length === 0) {
      for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGURG', 'SIGPWR', 'SIGCHLD'] as const)
        server.signal(signal);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await server.logged('monitor restarted', { restarts: 2 }, 30_000);
    await server.settled();
    expect(failures(await load.stop())).to.equal(0);
    await expectPostConditions(server, { workers: 2, baseline: before });
    await server.stop();
  });

  it('stops gracefully on a TERM that came between two programs', async () => {
    await start();
    server.signal('SIGUSR2');
    await server.logged('replacing the monitor program');
    server.signal('SIGTERM');
    const { code } = await withDeadline(server.exit, 15_000, 'the server to stop');
    expect(code).to.equal(0);
    await server.logged('stopping', { reason: 'SIGTERM' });
    await server.expectNothingLeft();
  });

  it('replaces workers and a mold that died around the exec', async () => {
    await start();
    const { workers, mold } = await server.stats();
    server.signal('SIGUSR2');
    await server.logged('hot restart requested');
    process.kill(workers[0]?.pid ?? 0, 'SIGKILL');
    await server.logged('replacing the monitor program');
    process.kill(workers[1]?.pid ?? 0, 'SIGKILL');
    process.kill(mold?.pid ?? 0, 'SIGKILL');
    await server.logged('phased restart complete', {}, 30_000);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('waits for a refork, and is shared by all requests', async () => {
    await start(`refork: { drainTimeout: '5s', backoff: '300ms', canary: '1500ms' },`);
    server.signal('SIGURG');
    await server.logged('refork begins');
    for (let asked = 0; asked < 5; asked++) server.signal('SIGUSR2');
    await server.logged('phased restart complete', { phase: 1 }, 30_000);
    const texts = server.log().map(({ msg }) => msg);
    expect(texts.indexOf('refork complete')).to.be.within(
      0,
      texts.indexOf('replacing the monitor program'),
    );
    expect((await server.settled()).restarts).to.equal(1);
    await server.stop();
  });

  it('is hidden from the children', async () => {
    await start();
    await runCommand(['restart', '--wait', '--control', server.control]);
    const { mold, workers } = await server.settled();
    for (const pid of [mold?.pid ?? 0, ...workers.map((worker) => worker.pid)]) {
      expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).to.not.match(/PITCHFORK_HAND|PRELOAD/);
      const blocked = /^SigBlk:\s+(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
      expect(Number(`0x${blocked}`), 'blocked signals').to.equal(0);
      expect([...descriptors(pid).values()].some((name) => name.includes('memfd'))).to.equal(false);
    }
    await server.stop();
  });
});
