// Goal: a pool of PostgreSQL connections that an app opens at boot survives reforks without a hook,
// over TCP and over a unix socket. Method: a real server; each answer names its backend process.
import { expectToSurviveReforks } from '../support/client-across-reforks.js';
import { startPostgres, type PostgresBackend } from '../support/servers/postgres.js';

describe('connections to PostgreSQL', () => {
  let backend: PostgresBackend;
  before(async () => (backend = await startPostgres()));
  after(() => backend.stop());

  it('are each process’s own: a pool of pg', () =>
    expectToSurviveReforks({ app: 'pg.mjs', backend, connections: 2 }));

  it('are each process’s own: a pool of pg, over a unix socket', () =>
    expectToSurviveReforks({ app: 'pg.mjs', backend: backend.overUnixSocket, connections: 2 }));
});
