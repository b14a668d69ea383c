// Goal: HTTP clients with keep-alive connections survive reforks without a hook, in plain text and
// over TLS. Method: a real server in a process of its own, which numbers its connections.
import { expectToSurviveReforks, lanes } from '../support/client-across-reforks.js';
import type { Backend } from '../support/servers/backend.js';
import { startNodeServer } from '../support/servers/node-server.js';

describe('connections that are kept alive', () => {
  let backend: Backend;
  afterEach(() => backend.stop());

  it('are each process’s own: a pool of undici', async () => {
    backend = await startNodeServer('http.mjs');
    await expectToSurviveReforks({ app: 'undici.mjs', backend, connections: 2 });
  });

  it('are each process’s own: the pool of the global fetch', async () => {
    backend = await startNodeServer('http.mjs');
    // One for each concurrent request: those of the load, and one of the spec.
    const connections = lanes + 1;
    await expectToSurviveReforks({ app: 'fetch.mjs', backend, connections, atBoot: 2 });
  });

  it('are each process’s own: an https.Agent', async () => {
    backend = await startNodeServer('http.mjs', { tls: true });
    await expectToSurviveReforks({ app: 'https.mjs', backend, connections: 2 });
  });
});
