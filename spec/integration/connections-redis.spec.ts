// Goal: Redis clients that an app opens at boot survive reforks without a hook. Method: a real
// server; MULTI makes each answer name its connection.
import { expectToSurviveReforks } from '../support/client-across-reforks.js';
import type { Backend } from '../support/servers/backend.js';
import { startRedis } from '../support/servers/redis.js';

describe('connections to Redis', () => {
  let backend: Backend;
  before(async () => (backend = await startRedis()));
  after(() => backend.stop());

  for (const name of ['ioredis', 'redis'])
    it(`are each process’s own: ${name}`, () =>
      expectToSurviveReforks({ app: `${name}.mjs`, backend, connections: 1 }));
});
