// Goal: whatever an app writes to its channel, the monitor lives, signals no stranger, forgets no
// child and serves on. Method: a real server whose app forwards random bytes (seeded) to its
// channel; forged pids and ids are those of real processes. PITCHFORK_FUZZ_MS makes it longer.
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Fuzz, fuzzMs, fuzzSeed } from '../support/fuzz.js';
import { post } from '../support/post.js';
import { isAlive } from '../support/processes.js';
import { seeded } from '../support/seeded.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

describe(`a server whose app fuzzes its channel (PITCHFORK_FUZZ_SEED=${fuzzSeed})`, () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('serves on, and neither loses nor harms a process', async function () {
    const ms = fuzzMs(20_000);
    this.timeout(ms + 90_000);
    server = await Server.start({ app: fixtureApp('channel-writer.mjs'), workers: 4 });
    const stranger = spawn('sleep', ['1000']);
    const ended = once(stranger, 'exit');
    try {
      const { pid = 0 } = stranger;
      const fuzz = new Fuzz(seeded(fuzzSeed), [pid, server.pid, process.pid, -1, 1]);
      const deadline = Date.now() + ms;
      while (Date.now() < deadline) {
        expect(server.isRunning, 'the monitor').to.equal(true);
        const bytes = Array.from({ length: 5 }, () => fuzz.next());
        await post(server.port, '/write', Buffer.concat(bytes));
      }
      expect(isAlive(pid), 'the stranger').to.equal(true);
      await until('an answer', () => server.get('/'), 30_000);
      const { workers, mold } = await server.settled();
      const known = [server.pid, mold?.pid, ...workers.map((worker) => worker.pid)];
      const strays = server.processes().filter((found) => !known.includes(found.pid));
      expect(strays, 'processes that the monitor has forgotten').to.deep.equal([]);
      expect(server.log('killing').length, 'breaches').to.be.above(0);
      expect(server.log('defect of pitchfork-ts')).to.deep.equal([]);
    } finally {
      stranger.kill('SIGKILL');
      await ended;
    }
    await server.stop();
  });
});
