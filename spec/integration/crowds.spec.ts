// Goal: clients that send nothing, disconnect in the middle of an answer, or send and close their
// side, leak no descriptor, cost other clients no answer and do not delay the exit. Method:
// hundreds of such clients; the descriptors of the worker and the log.
import { expect } from 'chai';
import { hasUws } from '../support/engines.js';
import { descriptors } from '../support/processes.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const crowd = 300;

const app = {
  text: `export default ({ url }, response) => {
    if (url === '/half') response.write('half of it');
    else response.end('ok');
  };`,
};

describe('a crowd of clients', () => {
  let server: Server;
  const open: RawConnection[] = [];
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
    return server.destroy();
  });

  const gather = async (): Promise<void> => {
    for (let count = 0; count < crowd; count++) open.push(await RawConnection.open(server.port));
  };

  for (const engine of ['node', 'uws'] as const) {
    const when = engine === 'uws' && !hasUws ? it.skip : it;
    when(`that sends nothing holds nobody up, with engine ${engine} (R10, D1, D11)`, async () => {
      const file = engine === 'node' ? 'plain.mjs' : 'uws.mjs';
      server = await Server.start({
        app: fixtureApp(file),
        workers: 2,
        config: `engine: '${engine}',`,
      });
      await gather();
      for (let request = 0; request < 20; request++) await server.get();
      server.signal('SIGTERM');
      const { code } = await withDeadline(server.exit, 4_000, 'the server to stop');
      expect(code).to.equal(0);
      await server.expectNothingLeft();
    });
  }

  it('that leaves in the middle of an answer leaves nothing behind (D3)', async () => {
    server = await Server.start({ app, workers: 1 });
    const { pid = 0 } = (await server.stats()).workers[0] ?? {};
    await server.get();
    const before = descriptors(pid).size;
    const lines = server.text().split('\n').length;
    await gather();
    for (const connection of open) connection.send('/half');
    await until('every request to be in flight', async () =>
      (await server.stats()).workers.some(({ inFlight }) => inFlight === crowd),
    );
    for (const { socket } of open) socket.resetAndDestroy();
    await until('the descriptors that there were', () => descriptors(pid).size <= before);
    expect(server.text().split('\n').length - lines, 'lines in the log').to.be.below(10);
    const { workers } = await expectPostConditions(server, { workers: 1 });
    expect(workers[0]?.pid).to.equal(pid);
    await server.stop();
  });

  it('that closes its side after the request is answered by node, and let go (D4)', async () => {
    server = await Server.start({ app, workers: 1 });
    const connection = await RawConnection.open(server.port);
    open.push(connection);
    connection.send('/');
    connection.socket.end();
    expect((await connection.answer()).body).to.equal('ok');
    await connection.ended();
    await server.stop();
  });
});
