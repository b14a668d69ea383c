// Goal: a crash loop shows: slots that are down are rows of the status, with reason, deaths and next
// try; the headline and the log say what is the matter. Method: an app whose workers die at birth
// once a file says so; the real command, and the raw answer of the control socket.
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Stats, WorkerStats } from '../../lib/control-api/stats.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const command = fileURLToPath(new URL('../../bin/pitchfork-ts.js', import.meta.url));

const app = {
  text: `
import { existsSync } from 'node:fs';
const mold = process.pid;
setInterval(() => {
  if (process.pid !== mold && existsSync(process.env.DOOMED)) process.exit(7);
}, 10);
export default (request, response) => response.end('served');
`,
};

describe('a crash loop', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const statusOf = async (): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      command,
      ...['status', '--control', server.control],
    ]);
    return stdout;
  };

  const downSlots = async (): Promise<WorkerStats[] | undefined> => {
    const { workers } = (await server.ask('GET', '/stats')).body as Stats;
    expect(workers.map(({ slot }) => slot)).to.deep.equal([0, 1]);
    const down = workers.filter(({ state }) => state === 'down');
    return down.length === 2 && down.every(({ nextTryInMs }) => Number(nextTryInMs) > 500)
      ? down
      : undefined;
  };

  it('has a row for each slot that is down, and goes away with its cause (W3)', async () => {
    const doomed = join(process.env['TMPDIR'] ?? '/tmp', `doomed-${process.pid}`);
    server = await Server.start({
      ...{ app, workers: 2, env: { DOOMED: doomed } },
      config: 'maxConsecutiveSpawnErrors: false,',
    });
    writeFileSync(doomed, '');
    try {
      for (const down of await until('both slots to be down for long', downSlots)) {
        expect(down).to.include({ pid: null, ready: false, age: null, memory: null });
        expect(down).to.include({ generation: 0, phase: 0 });
        expect(down.reason).to.match(/^exit code 7: /);
        expect(down.deaths).to.be.at.least(3);
        expect(down.deathsWithinMs).to.be.within(1, 60_000);
      }
      const text = await until('a status with both slots down', async () => {
        const printed = await statusOf();
        // A slot whose next try is due has none to announce.
        return printed.split('next try in').length === 3 ? printed : undefined;
      });
      expect(text).to.match(/^monitor \d+, generation 0, phase 0, no worker serves: 2 of 2 slots/);
      for (const slot of [0, 1])
        expect(text).to.match(
          new RegExp(
            `^${slot} +- +0 +0 +down: exit code 7: .*, \\d+ deaths in \\d+s, next try in`,
            'm',
          ),
        );
      const line = await server.logged('backing off: workers die again and again');
      expect(line).to.include({ level: 'warn' });
      expect(line.reason).to.match(/^exit code 7: /);
      expect(line['nextTryInMs']).to.be.a('number');
    } finally {
      rmSync(doomed);
    }
    const { workers } = await expectPostConditions(server, { workers: 2 });
    for (const { state, nextTryInMs } of workers)
      expect({ state, nextTryInMs }).to.deep.equal({ state: 'serving', nextTryInMs: null });
    await server.stop();
  });
});
