// Goal: a half-sent request is completed and answered when its worker is ordered to drain (trap
// T51), but no client can hold up a worker that way, nor by silence. Method: clients that send the
// first part of a request, wait until their worker drains and a while longer, and send the rest, or
// never do; in a refork and in a stop.
import { expect } from 'chai';
import { hasUws } from '../support/engines.js';
import { timeOf } from '../support/log-time.js';
import { RawConnection } from '../support/raw-connection.js';
import { fixtureApp, Server } from '../support/server.js';
import { connectedSockets } from '../support/shared-files.js';
import { until } from '../support/until.js';

/** Connections without a whole request are closed a second after the drain begins. */
const waitMs = 300;

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
        await until('the moment', () => Date.now() - started >= waitMs);
        for (const { socket } of open) socket.write('alhost\r\n\r\n');
        for (const connection of open) expect((await connection.answer()).status).to.equal(200);
        for (const connection of open.splice(0)) connection.close();
        if (what === 'refork') await server.logged('refork complete');
        await server.stop();
      });

      when(
        `does not hold up a ${what} if the rest never comes, with engine ${engine} (D14)`,
        async () => {
          const app = fixtureApp(engine === 'node' ? 'plain.mjs' : 'uws.mjs');
          const config = `engine: '${engine}', shutdownTimeout: '20s', refork: { drainTimeout: '10s' },`;
          server = await Server.start({ app, workers: 2, config });
          for (let count = 0; count < 12; count++) open.push(await RawConnection.open(server.port));
          // Half a head, another one after an answer, silence, and silence after an answer.
          for (const connection of open.slice(6)) await connection.ask('/');
          for (const { socket } of [...open.slice(0, 3), ...open.slice(6, 9)])
            socket.write('GET / HTTP/1.1\r\nHost: loc');
          if (what === 'refork') expect((await server.refork()).body).to.include({ ok: true });
          server.signal('SIGTERM');
          expect((await server.exit).code).to.equal(0);
          const [from, to] =
            what === 'refork' ? ['promoting', 'drained, becoming a mold'] : ['draining', 'exited'];
          expect(timeOf(server.log(to)[0]) - timeOf(server.log(from)[0])).to.be.below(8_000);
          for (const connection of open.splice(0)) expect(await connection.ended()).to.equal('FIN');
          expect([...server.log('failed'), ...server.log('cut requests that overran')]).to.be.empty;
          await server.expectNothingLeft();
        },
      );
    }
});
