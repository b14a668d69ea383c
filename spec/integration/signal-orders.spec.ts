// Goal: TERM ends the server in good order, together with any other requests. Method: SIGUSR1,
// SIGURG, SIGUSR2 and SIGTERM in each of their 24 orders, at once and apart, to a serving server
// (row S2 of docs/faults.md).
import { expect } from 'chai';
import { fixtureApp, Server, withDeadline } from '../support/server.js';

const signals = ['SIGUSR1', 'SIGURG', 'SIGUSR2', 'SIGTERM'] as const;
const gapsMs = [0, 10, 100];

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('signals in any order (S2)', () => {
  let server: Server;
  afterEach(() => server.destroy());

  permutations(signals).forEach((order, index) => {
    const gapMs = gapsMs[index % gapsMs.length] ?? 0;
    it(`end the server: ${order.join(' ')}, ${gapMs} ms apart`, async () => {
      server = await Server.start({ app: fixtureApp('plain.mjs'), workers: 1 });
      for (const signal of order) {
        if (!server.isRunning) break;
        server.signal(signal);
        await pause(gapMs);
      }
      const { code, signal } = await withDeadline(server.exit, 20_000, 'the server to stop');
      expect({ code, signal }, server.text().slice(-2000)).to.deep.equal({ code: 0, signal: null });
      await server.expectNothingLeft();
      expect(server.log('ended unexpectedly')).to.deep.equal([]);
    });
  });
});
