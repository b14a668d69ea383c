// Goal: no two processes of a server make the same identifier, whichever library makes it, although
// a fork copies every library's state. Method: an app in which each known generator was used before
// the first fork; identifiers of each from all workers of two generations; none may occur twice.
// Bare forks of the same app must repeat themselves, or the spec is blind.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { supportedNodes } from '../support/nodes.js';
import { fixtureApp, Server } from '../support/server.js';

const app = fixtureApp('identifiers.mjs');
/** Keeps a worker from being busy for so long that it seems to hang. */
const drawsPerRequest = 1_000;

/** Identifiers of one process: by generator, 8 bytes each. */
type Draws = Record<string, string>;

/** Number of repeated identifiers of each generator, over all these processes. */
function repetitions(draws: readonly Draws[]): Record<string, number> {
  const found = Object.keys(draws[0] ?? {}).map((name) => {
    const parts = draws.map((drawn) => hashes(drawn[name] ?? ''));
    return [name, repeated(parts)] as const;
  });
  return Object.fromEntries(found.filter(([, count]) => count > 0));
}

function repeated(parts: readonly BigUint64Array[]): number {
  const all = new BigUint64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  all.sort();
  return all.reduce(
    (count, hash, index) => count + Number(index > 0 && hash === all[index - 1]),
    0,
  );
}

function hashes(drawn: string): BigUint64Array {
  const bytes = Uint8Array.from(Buffer.from(drawn, 'base64'));
  return new BigUint64Array(bytes.buffer);
}

function siblings(...args: string[]): Record<string, number> {
  const file = fileURLToPath(new URL('./fixtures/identifier-siblings.js', import.meta.url));
  const output = execFileSync(process.execPath, [file, ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  const draws = output.trim().split('\n');
  expect(draws).to.have.length(2);
  return repetitions(draws.map((line) => JSON.parse(line) as Draws));
}

describe('identifiers', function () {
  // Millions of them: cuid2 takes 0.2 ms for each.
  this.timeout(150_000);
  let server: Server | undefined;
  afterEach(() => server?.destroy());

  async function expectUnique(workers: number, counts: number[], node?: string): Promise<void> {
    server = await Server.start({ app, workers, ...(node && { node }) });
    const draws: Draws[] = [];
    for (const [generation, count] of counts.entries()) {
      if (generation > 0) expect((await server.refork()).body).to.include({ ok: true });
      for (let drawn = 0; drawn < count; drawn += drawsPerRequest) {
        const answers = await fromEachWorker<Draws>(server, `/draw?count=${drawsPerRequest}`);
        expect(answers.size).to.equal(workers);
        draws.push(...answers.values());
      }
    }
    expect(repetitions(draws)).to.deep.equal({});
    await server.stop();
  }

  it('are not repeated among 10,000 of each generator in each of 8 workers, nor after a refork (G10)', () =>
    expectUnique(8, [10_000, 1_000]));

  for (const { version, execPath } of supportedNodes().slice(1))
    it(`are not repeated under Node ${version}`, () => expectUnique(4, [1_000, 1_000], execPath));

  it('are repeated by bare forks: the specs above can fail', () => {
    const found = siblings();
    for (const generator of [
      ...['crypto.randomUUID', 'crypto.randomInt', 'Math.random', 'uuid 14 v1', 'uuid 11 v1'],
      ...['uuid 9 v1', 'uuid 8 v1', 'uuid 8 v4', 'nanoid 5', 'nanoid 3, required'],
      ...['bson 7', 'bson 7, required', 'bson 6', 'bson 6, required', 'bson 4', 'cuid2 2'],
      ...['hyperid', 'hyperid, required', 'uid', 'uid, required', 'uid/secure', 'base64id'],
    ])
      expect(found[generator], generator).to.be.above(0);
  });

  it('are a newborn’s own after its renewal, even in the same instant', () => {
    expect(siblings('renew')).to.deep.equal({});
  });
});
