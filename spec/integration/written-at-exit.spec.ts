// Goal: a worker that leaves has written all that the app has handed to files and sockets, as a plain
// Node process has. Method: an app that hands a line for each request to outlets of several kinds;
// reforks and a stop under load, with every supported Node; as many lines as answers.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server as Collector } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { startLoad } from '../support/load.js';
import { supportedNodes } from '../support/nodes.js';
import { scratch } from '../support/scratch.js';
import { fixtureApp, Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const files = ['stream', 'pino', 'pipe', 'handle', 'append'];

describe('a worker that leaves', () => {
  const directory = scratch();
  let server: Server;
  let collector: Collector;
  let collected: string;
  /** Connections to the collector. */
  let open: number;

  beforeEach(async () => {
    collected = '';
    open = 0;
    collector = createServer((socket) => {
      open++;
      socket.setEncoding('latin1').on('data', (text: string) => (collected += text));
      socket.on('close', () => open--).on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
  });
  afterEach(async () => {
    collector.close();
    await server.destroy();
  });

  const linesOf = (text: string): number => text.split('\n').length - 1;

  for (const [index, { version, execPath }] of supportedNodes().entries()) {
    const reforks = index === 0 ? 3 : 1;
    it(`has written a line for each of its answers, on Node ${version} (D16)`, async () => {
      const outlets = `${directory.path}/${index}`;
      directory.write(`${index}/begun`, '');
      const { port } = collector.address() as AddressInfo;
      server = await Server.start({
        app: fixtureApp('outlets.mjs'),
        node: execPath,
        env: { OUTLETS: outlets, COLLECTOR: String(port) },
      });
      const load = startLoad({ port: server.port, mode: 'close', conns: 4, seconds: 60 });
      await load.started;
      for (let generation = 1; generation <= reforks; generation++)
        expect((await server.refork()).body).to.include({ ok: true, generation });
      // Under load, which ends only afterwards: from then on it is refused.
      server.signal('SIGTERM');
      expect((await withDeadline(server.exit, 15_000, 'the server to stop')).code).to.equal(0);
      const { ok } = await load.stop();
      expect(ok).to.be.above(500);
      await until('the end of the connections', () => open === 0);
      const written = files.map((name) => [
        name,
        linesOf(readFileSync(join(outlets, name), 'utf8')),
      ]);
      expect(Object.fromEntries([...written, ['socket', linesOf(collected)]])).to.deep.equal(
        Object.fromEntries([...files, 'socket'].map((name) => [name, ok])),
      );
      await server.expectNothingLeft();
    });
  }
});
