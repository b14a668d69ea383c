// Goal: connections that only listen, on which an app would never notice the silence, are reopened
// in every worker. Method: subscribers of a real Redis server, and a message that is published
// after each refork until all workers have received it.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { startRedis, type RedisBackend } from '../support/servers/redis.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const workers = 3;
const clientsEach = 2;
const reforks = 3;

interface Heard {
  readonly ioredis: string;
  readonly redis: string;
}

describe('Redis subscribers', () => {
  let backend: RedisBackend;
  let server: Server;
  before(async () => (backend = await startRedis()));
  after(() => backend.stop());
  afterEach(() => server.destroy());

  it('subscribe again in each worker, and no longer in the mold', async () => {
    const app = fixtureApp('clients/redis-subscribers.mjs');
    server = await Server.start({ app, workers, env: backend.env });
    for (let generation = 0; generation <= reforks; generation++) {
      if (generation > 0) expect((await server.refork()).body).to.include({ ok: true });
      await server.settled(generation);
      const message = `of generation ${generation}`;
      await until('the subscribers of the workers, and no others', async () => {
        return Number(await backend.ask('PUBLISH', 'news', message)) === workers * clientsEach;
      });
      await until('all of them to have heard it', async () => {
        for (const { ioredis, redis } of (await fromEachWorker<Heard>(server, '/')).values())
          expect([ioredis, redis]).to.deep.equal([message, message]);
        return true;
      });
    }
    expect(await backend.complaints()).to.deep.equal([]);
    await server.stop();
  });
});
