// Goal: no process is forked during a section that the app protects, and an endless section costs a
// worker, but neither the refork nor the server. Method: a section is open in the warmest worker,
// which is chosen first; each newborn reports whether it was open at the fork.
import { expect } from 'chai';
import { Client } from '../support/client.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const index = new URL('../../lib/index.js', import.meta.url);

const app = {
  text: `
import { setTimeout as sleep } from 'node:timers/promises';
import { worker } from ${JSON.stringify(index)};
let open = 0;
const section = async (ms) => { open++; await sleep(ms, undefined, { ref: false }); open--; };
globalThis.openSections = () => open;
export default ({ url }, response) => {
  if (url !== '/') void worker.preventFork(() => section(Number(url.slice(1))));
  response.end(JSON.stringify({ pid: process.pid }));
};
`,
};

const config = `spawnTimeout: '5s',
  afterWorkerFork() { console.log('open at the fork: ' + globalThis.openSections()); },`;

describe('preventFork', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** Opens a section of that many milliseconds in a worker, which is then the warmest. */
  const open = async (ms: number): Promise<number> => {
    const client = new Client(server.port);
    for (let request = 0; request < 20; request++) await client.json('/');
    const { pid } = await client.json<{ pid: number }>(`/${ms}`);
    client.close();
    await until('the count of its requests', async () =>
      (await server.stats()).workers.some((worker) => worker.pid === pid && worker.requests > 20),
    );
    return pid;
  };

  it('delays a promotion until the section is over', async () => {
    server = await Server.start({ app, config, workers: 2 });
    const pid = await open(1_500);
    expect((await server.refork()).body).to.include({ ok: true, generation: 1 });
    await server.logged('mold ready', { pid });
    expect(server.text()).to.not.match(/open at the fork: [^0]/);
    await server.stop();
  });

  it('makes another worker the mold when the section does not end in time', async () => {
    server = await Server.start({ app, config, workers: 2 });
    const pid = await open(60_000);
    expect((await server.refork()).body).to.include({ ok: true, generation: 2 });
    const { reason } = await server.logged('failed', { pid });
    expect(reason).to.include('1 sections of preventFork have not ended after 5000 ms');
    expect(server.text()).to.not.match(/open at the fork: [^0]/);
    await server.stop();
  });
});
