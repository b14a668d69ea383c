// Goal: changes between two programs of a monitor take effect with the hot restart: the number of
// workers, addresses, the control socket, Node itself. Method: the configuration is rewritten, or a
// symbolic link changed, before SIGUSR2.
import {
  existsSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { supportedNodes } from '../support/nodes.js';
import { canConnect, fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = fixtureApp('plain.mjs');

function getFromPath(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: '/', agent: false, timeout: 10_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('a hot restart with changes', () => {
  let server: Server;
  let restarts = 0;
  beforeEach(() => (restarts = 0));
  afterEach(() => server.destroy());

  const rewrite = (change: (config: string) => string): void =>
    writeFileSync(server.configFile, change(readFileSync(server.configFile, 'utf8')));

  /** Returns the line of the new program. */
  const restart = async (): Promise<Record<string, unknown>> => {
    server.signal('SIGUSR2');
    restarts++;
    const line = await server.logged('monitor restarted', { restarts }, 30_000);
    await server.logged('phased restart complete', { phase: restarts }, 30_000);
    await server.settled();
    return line;
  };

  it('runs the newly configured number of workers', async () => {
    server = await Server.start({ app, workers: 2 });
    for (const workers of [4, 1]) {
      rewrite((config) => config.replace(/workers: \d/, `workers: ${workers}`));
      await restart();
      await expectPostConditions(server, { workers });
    }
    await server.stop();
  });

  it('goes to single mode and back', async () => {
    server = await Server.start({ app, workers: 2 });
    rewrite((config) => config.replace('workers: 2', 'workers: 0'));
    await restart();
    await until('two processes', () => server.processes().length === 2);
    expect((await server.ask('POST', '/refork')).status).to.equal(409);
    await server.get();
    rewrite((config) => config.replace('workers: 0', 'workers: 2'));
    await restart();
    expect((await server.refork()).status).to.equal(200);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('keeps the number that an operator changed', async () => {
    server = await Server.start({ app, workers: 1 });
    expect((await server.ask('POST', '/workers/add')).body).to.include({ ok: true });
    await server.settled();
    await restart();
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('listens on an added address, and no longer on one that was removed', async () => {
    server = await Server.start({ app, workers: 2 });
    const { port } = server;
    const path = join(server.directory, 'app.sock');
    const first = JSON.stringify(`127.0.0.1:${port}`);
    const listen = (text: string) => (config: string) =>
      config.replace(/^ {2}listen: .*$/m, `  listen: ${text},`);
    rewrite(listen(`[${first}, 'unix:app.sock']`));
    const both = await restart();
    expect(both['listen']).to.deep.equal([`http://127.0.0.1:${port}`, `unix:${path}`]);
    expect(await getFromPath(path)).to.equal(200);
    const { ino } = statSync(path);
    await restart();
    expect(statSync(path).ino, 'inode of the unix socket').to.equal(ino);
    rewrite(listen(`['unix:app.sock']`));
    await restart();
    expect(await getFromPath(path)).to.equal(200);
    await until('the port to be closed', async () => !(await canConnect(port)));
    rewrite(listen(`['127.0.0.1:${port}']`));
    await restart();
    expect(existsSync(path)).to.equal(false);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('moves the control socket and the metrics', async () => {
    server = await Server.start({ app, workers: 1 });
    const moved = join(server.directory, 'moved.sock');
    rewrite((config) =>
      config.replace('./control.sock', './moved.sock').replace(/^ {2}metrics.*$/m, ''),
    );
    server.signal('SIGUSR2');
    await server.logged('monitor restarted', { control: moved }, 30_000);
    await server.logged('phased restart complete', {}, 30_000);
    expect(existsSync(server.control)).to.equal(false);
    expect(await canConnect(server.metricsPort)).to.equal(false);
    await server.stop();
    expect(existsSync(moved)).to.equal(false);
  });

  for (const { version, execPath } of supportedNodes().slice(1))
    it(`goes to Node ${version} and back, behind a symbolic link`, async () => {
      const link = join('/tmp', `pitchfork-spec-node-${process.pid}`);
      const turn = (target: string) => {
        rmSync(link, { force: true });
        symlinkSync(target, link);
      };
      turn(process.execPath);
      try {
        server = await Server.start({ app, workers: 2, node: link });
        for (const target of [execPath, process.execPath]) {
          turn(target);
          await restart();
          const { pid, mold, workers } = await server.settled();
          expect(workers).to.have.lengthOf(2);
          for (const one of [pid, mold?.pid, ...workers.map((worker) => worker.pid)])
            expect(readlinkSync(`/proc/${one}/exe`)).to.equal(realpathSync(target));
        }
        await server.stop();
      } finally {
        rmSync(link, { force: true });
      }
    });
});
