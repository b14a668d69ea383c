// Goal: a WebSocket that an app opens at boot, and again when it closes, survives reforks without a
// hook. Method: a real server in a process of its own, which numbers its connections.
import { expectToSurviveReforks } from '../support/client-across-reforks.js';
import type { Backend } from '../support/servers/backend.js';
import { startNodeServer } from '../support/servers/node-server.js';

describe('WebSocket connections', () => {
  let backend: Backend;
  before(async () => (backend = await startNodeServer('ws.mjs')));
  after(() => backend.stop());

  it('are each process’s own: ws', () =>
    expectToSurviveReforks({ app: 'ws.mjs', backend, connections: 1 }));
});
