// Goal: a log that cannot be written costs lines, and nothing else. Method: the command with its
// stdout and stderr on a full disk, on a pipe without a reader, and on one with a stalled reader,
// with a hook that fails in each request and so fills the log.
import { join } from 'node:path';
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const requests = 1_000;

const outlets = [
  { name: 'a full disk', redirection: '>/dev/full 2>&1', row: 'R6' },
  { name: 'a pipe whose reader is gone', redirection: '> >(head -n 1) 2>&1', row: 'R7' },
  { name: 'a pipe whose reader stands still', redirection: '> >(exec sleep 50) 2>&1', row: 'R8' },
] as const;

describe('a log that goes to', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const { name, redirection, row } of outlets)
    it(`${name} stops no process (${row})`, async () => {
      server = await Server.start({
        app: fixtureApp('plain.mjs'),
        workers: 2,
        config: `listen: 'unix:app.sock',
          afterRequestComplete() { throw new Error('x'.repeat(1000)); },`,
        launcher: ['bash', '-c', `exec "$0" "$@" ${redirection}`],
        eager: true,
      });
      const ready = async () => {
        const { workers } = await server.stats();
        return workers.length === 2 && workers.every((worker) => worker.ready) && workers;
      };
      const [victim] = await until('two workers', ready);
      const load = (max: number) => {
        const unix = join(server.directory, 'app.sock');
        return startLoad({ unix, conns: 4, seconds: 30, max });
      };
      const first = await load(requests).done;
      expect(failures(first), JSON.stringify(first.samples)).to.equal(0);
      process.kill(victim?.pid ?? 0, 'SIGKILL');
      await until('a successor', async () =>
        (await ready())
          ? (await server.stats()).workers.every(({ pid }) => pid !== victim?.pid)
          : false,
      );
      const asked = Date.now();
      await server.stats();
      expect(Date.now() - asked, 'ms until the monitor answers').to.be.below(1_000);
      const second = await load(requests).done;
      expect(failures(second), JSON.stringify(second.samples)).to.equal(0);
      expect(second.ok).to.be.at.least(requests);
      server.signal('SIGTERM');
      const { code } = await withDeadline(server.exit, 15_000, 'the server to stop');
      expect(code).to.equal(0);
    });
});
