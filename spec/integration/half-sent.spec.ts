// Goal: a half-sent request is completed and answered when its worker is ordered to drain (trap
// T51). Method: clients that send the first part of a request, wait until their worker drains and a
// while longer, and send the rest; in a refork and in a stop.
import { expect } from 'chai';
import { hasUws } from '../support/engines.js';
import { RawConnection } from '../support/raw-connection.js';
import { fixtureApp, Server } from '../support/server.js';
import { connectedSockets } from '../support/shared-files.js';
import { until } from '../support/until.js';

/**
 * Idle connections are closed a second after the drain begins. Only node:http reports that a
 * request has begun; with uWebSockets.js a client has just that second.
 */
const waitsMs = { node: 1_500, uws: 300 } as const;

describe('a half-sent request', () => {
  let server: Server;
  const open: RawConnection[] = [];
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
    return server.destroy();
  });

  for (const engine of ['node', 'uws'] as const)
    for (const what of ['refork', 'stop'] as const) {
      const when = engine === 'uws' && !hasUws ? it.skip : it;
      when(`is answered in the middle of a ${what}, with engine ${engine}`, async () => {
        const app = fixtureApp(engine === 'node' ? 'plain.mjs' : 'uws.mjs');
        server = await Server.start({ app, workers: 2, config: `engine: '${engine}',` });
        for (let count = 0; count < 8; count++) open.push(await RawConnection.open(server.port));
        for (const { socket } of open) socket.write('GET / HTTP/1.1\r\nHost: loc');
        await until('the connections to be accepted', async () => {
          const { workers } = await server.stats();
          return workers.flatMap(({ pid }) => connectedSockets(pid)).length >= open.length;
        });
        server.signal(what === 'refork' ? 'SIGURG' : 'SIGTERM');
        const begun = what === 'refork' ? 'promoting' : 'draining';
        await server.logged(begun);
        const started = Date.now();
        await until('the moment', () => Date.now() - started >= waitsMs[engine]);
        for (const { socket } of open) socket.write('alhost\r\n\r\n');
        for (const connection of open) expect((await connection.answer()).status).to.equal(200);
        for (const connection of open.splice(0)) connection.close();
        if (what === 'refork') await server.logged('refork complete');
        await server.stop();
      });
    }
});
