// Goal: an app that cleans up in its own listener to SIGTERM, as under other process managers, has
// it called once in each worker that exits, with time to write. Method: an app whose listener writes
// asynchronously; workers that leave by a refork, a stop, and a signal of their own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Server } from '../support/server.js';

const app = {
  text: `import { promises, writeFileSync } from 'node:fs';
const directory = new URL('.', import.meta.url).pathname;
process.on('SIGTERM', async (name, number) => {
  await new Promise((resolve) => setImmediate(resolve));
  await promises.appendFile(directory + '/log', process.pid + ' ' + name + ' ' + number + '\\n');
});
writeFileSync(directory + '/log', '');
export default (request, response) => response.end();`,
};

describe('an app’s own listener to SIGTERM', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const terminated = (): string[] =>
    readFileSync(join(server.directory, 'log'), 'utf8').trimEnd().split('\n').sort();

  const expected = (pids: Iterable<number>): string[] =>
    [...pids].map((pid) => `${pid} SIGTERM 15`).sort();

  it('is called once in each worker that exits', async () => {
    server = await Server.start({ app, workers: 2 });
    const [first] = (await server.stats()).workers;
    process.kill(first?.pid ?? 0, 'SIGTERM');
    await server.logged('exited', { pid: first?.pid });
    await server.settled();
    await server.refork();
    await server.settled(1);
    server.signal('SIGTERM');
    expect(await server.exit).to.deep.equal({ code: 0, signal: null });
    const promoted = new Set(server.log('promoting').map(({ pid }) => pid));
    const workers = server
      .log('ready')
      .flatMap(({ pid, role }) => (role === 'worker' ? (pid ?? 0) : []));
    expect(terminated()).to.deep.equal(expected(workers.filter((pid) => !promoted.has(pid))));
    await server.stop();
  });
});
