// Goal: automatic reforks occur when a worker has completed as many requests as `reforkAfter` gives
// for its generation, not before, and not after `false`. Method: counted requests on one
// connection, which one worker serves until it is replaced.
import { expect } from 'chai';
import { Client } from '../support/client.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `export default (request, response) => response.end(JSON.stringify({ pid: process.pid }));`,
};

describe('reforkAfter', () => {
  let server: Server;
  let client: Client;
  afterEach(async () => {
    client.close();
    await server.destroy();
  });

  async function send(requests: number): Promise<void> {
    for (let request = 0; request < requests; request++) await client.json();
  }

  /** Waits until the monitor knows that one worker has completed that many. */
  const heard = (requests: number): Promise<boolean> =>
    until(`a worker with ${requests} requests`, async () =>
      (await server.stats()).workers.some((worker) => worker.requests === requests),
    );

  const reforks = (): unknown[] => server.log('refork begins').map(({ reason }) => reason);

  it('reforks at its thresholds, one for each generation, and ends with false', async () => {
    server = await Server.start({ app, workers: 2, config: 'reforkAfter: [20, 40, false],' });
    client = new Client(server.port);
    await send(19);
    await heard(19);
    expect(reforks()).to.deep.equal([]);
    await send(1);
    await server.settled(1);
    expect(reforks()).to.deep.equal(['a worker completed 20 requests']);

    await send(39);
    await heard(39);
    expect(reforks()).to.have.length(1);
    await send(1);
    await server.settled(2);
    expect(reforks()[1]).to.equal('a worker completed 40 requests');

    await send(200);
    await heard(200);
    expect((await server.settled(2)).generation).to.equal(2);
    expect(reforks()).to.have.length(2);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('repeats its last threshold', async () => {
    server = await Server.start({ app, workers: 1, args: ['--refork-after', '10,5'] });
    client = new Client(server.port);
    for (const [index, requests] of [10, 5, 5].entries()) {
      await send(requests - 1);
      await heard(requests - 1);
      expect(reforks()).to.have.length(index);
      await send(1);
      await server.settled(index + 1);
    }
    expect(reforks()).to.have.length(3);
    await server.stop();
  });

  it('does not limit requests: SIGURG reforks after false too', async () => {
    server = await Server.start({ app, workers: 1, config: 'reforkAfter: [false],' });
    client = new Client(server.port);
    await send(50);
    await heard(50);
    expect(reforks()).to.deep.equal([]);
    server.signal('SIGURG');
    await server.settled(1);
    await server.stop();
  });
});
