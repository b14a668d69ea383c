// Goal: a pool of MariaDB connections that an app opens at boot survives reforks without a hook.
// Method: a real server; each answer names its connection.
import { expectToSurviveReforks } from '../support/client-across-reforks.js';
import type { Backend } from '../support/servers/backend.js';
import { startMariadb } from '../support/servers/mariadb.js';

describe('connections to MariaDB', () => {
  let backend: Backend;
  before(async () => (backend = await startMariadb()));
  after(() => backend.stop());

  it('are each process’s own: a pool of mysql2', () =>
    expectToSurviveReforks({ app: 'mysql2.mjs', backend, connections: 2 }));
});
