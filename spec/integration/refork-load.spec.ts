// Goal: ten reforks lose none of many requests, with a connection for each or with keep-alive
// connections. Method: a client in a process of its own, with requests always outstanding, that
// classifies each failure; the reforks are spread over its requests.
import { expect } from 'chai';
import { lowestCapacity } from '../support/capacity.js';
import { failures, startLoad, type LoadOptions, type LoadResult } from '../support/load.js';
import { expectPostConditions, metricValue } from '../support/post-conditions.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const reforks = 10;
const requests = 100_000;

interface Combination {
  readonly engine: 'node' | 'uws';
  readonly app: string;
  readonly mode: NonNullable<LoadOptions['mode']>;
}

const combinations: readonly Combination[] = (
  [
    { engine: 'node', app: 'plain.mjs' },
    { engine: 'uws', app: 'uws.mjs' },
  ] as const
).flatMap((engine) => [
  { ...engine, mode: 'keepalive' } as const,
  { ...engine, mode: 'close' } as const,
]);

/** The installed binary of uWebSockets.js, for development, is made for Node 20. */
const canRun = (engine: string): boolean =>
  engine !== 'uws' || process.versions.node.startsWith('20.');

const explain = (result: LoadResult): string => JSON.stringify({ ...result, bodies: undefined });

describe('reforks under load', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const { engine, app, mode } of combinations)
    it(`lose no request: ${engine}, ${mode} (D5, G1, G3)`, async function () {
      if (!canRun(engine)) this.skip();
      this.timeout(180_000);
      server = await Server.start({
        app: fixtureApp(app),
        workers: 3,
        config: `engine: '${engine}',`,
      });
      const load = startLoad({ port: server.port, mode, conns: 16, seconds: 150 });
      try {
        await load.started;
        for (let generation = 1; generation <= reforks; generation++) {
          await reached((requests * generation) / (reforks + 1));
          const { body } = await server.refork();
          expect(body).to.include({ ok: true, generation });
        }
        await reached(requests);
      } finally {
        const result = await load.stop();
        expect(failures(result), explain(result)).to.equal(0);
        expect(result.ok).to.be.at.least(requests);
      }
      expect(lowestCapacity(server)).to.equal(3);
      await expectPostConditions(server, { workers: 3 });
      await server.stop();
    });

  /** Waits until so many requests have been answered since the boot. */
  const reached = (wanted: number): Promise<boolean> =>
    until(
      `${wanted} requests`,
      async () => metricValue(await server.metrics(), 'pitchfork_requests_total') >= wanted,
      120_000,
    );
});
