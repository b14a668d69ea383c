// Goal: no two workers draw the same random value, although a fork copies every generator. Method:
// thousands of values of each of Node's and V8's generators from three workers in three generations,
// warmed before each refork; none may occur twice. The same with the renewal left out must repeat
// itself, or the spec is blind.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { draw, repetitions, type Drawn } from '../support/draw.js';
import { fromEachWorker } from '../support/each-worker.js';
import { Server } from '../support/server.js';

const lastGeneration = 2;
const drawsPerWorker = 2_000;

const app = {
  text: `
import { draw } from ${JSON.stringify(new URL('../support/draw.js', import.meta.url))};
draw(10);
export default ({ url }, response) =>
  response.end(JSON.stringify(url === '/' ? { pid: process.pid } : draw(${drawsPerWorker})));
`,
};

const siblings = (...args: string[]): Drawn[] =>
  execFileSync(
    process.execPath,
    [fileURLToPath(new URL('./fixtures/siblings.js', import.meta.url)), ...args],
    { encoding: 'utf8', timeout: 20_000 },
  )
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Drawn);

const none = Object.fromEntries(Object.keys(repetitions([draw(1)])).map((name) => [name, 0]));

describe('randomness', () => {
  let server: Server | undefined;
  afterEach(() => server?.destroy());

  it('does not repeat itself in three workers of three generations', async () => {
    server = await Server.start({ app, workers: 3 });
    const draws: Drawn[] = [];
    for (let generation = 0; generation <= lastGeneration; generation++) {
      if (generation > 0) expect((await server.refork()).body).to.include({ ok: true });
      draws.push(...(await fromEachWorker<Drawn>(server, '/draws')).values());
    }
    expect(draws.length).to.equal(3 * (lastGeneration + 1));
    expect(repetitions(draws)).to.deep.equal(none);
    await server.stop();
  });

  it('is copied by a bare fork: the test above can fail', () => {
    const found = repetitions(siblings());
    expect(found['randomUUID']).to.be.above(0);
    expect(found['randomInt']).to.be.above(0);
    expect(found['Math.random']).to.be.above(0);
  });

  it('is a newborn’s own after the renewal', () => {
    expect(repetitions(siblings('renew'))).to.deep.equal(none);
  });
});
