// Goal: a gRPC channel that an app opens at boot, with unary calls and a long-lived stream,
// survives reforks without a hook. Method: a real server in a process of its own, which numbers its
// HTTP/2 sessions.
import { expectToSurviveReforks } from '../support/client-across-reforks.js';
import type { Backend } from '../support/servers/backend.js';
import { startNodeServer } from '../support/servers/node-server.js';

describe('gRPC connections', () => {
  let backend: Backend;
  before(async () => (backend = await startNodeServer('grpc.mjs')));
  after(() => backend.stop());

  it('are each process’s own: @grpc/grpc-js', () =>
    expectToSurviveReforks({ app: 'grpc.mjs', backend, connections: 1 }));
});
