// One worker's worth of server, bare or inside an engine, with the same handler. Sends its port,
// and on request the processor time used since the previous request.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../lib/engines/create.js';
import { loadUws, type UwsTemplatedApp } from '../../lib/engines/uws-module.js';
import type { App } from '../../lib/api/app-types.js';
import { native } from '../../lib/system/native.js';

export type Variant = 'bare node' | 'engine node' | 'bare uws' | 'engine uws';
export type ServerMessage = { port: number } | { cpuSeconds: number };

const appFile = fileURLToPath(import.meta.url);
const keepAliveTimeoutMs = 5000;
const body = 'hello world';

const apps: Record<'node' | 'uws', App> = {
  node: { kind: 'listener', listener: (_request, response) => response.end(body) },
  uws: {
    kind: 'uws',
    register: (app) => void routes(app as unknown as UwsTemplatedApp),
  },
};

function routes(app: UwsTemplatedApp): UwsTemplatedApp {
  return app.get('/*', (response) => response.end(body));
}

async function start(variant: Variant): Promise<number> {
  if (variant === 'bare node')
    return new Promise((resolve) => {
      const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (_request, response) =>
        response.end(body),
      );
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
      });
    });
  if (variant === 'bare uws') {
    const uws = loadUws(appFile);
    return new Promise((resolve) => {
      routes(uws.App()).listen('127.0.0.1', 0, (socket) => {
        resolve(uws.us_socket_local_port(socket || {}));
      });
    });
  }
  const name = variant === 'engine uws' ? 'uws' : 'node';
  const context = { slot: 0, generation: 0 };
  const options = { app: apps[name], appFile, keepAliveTimeoutMs, context };
  const engine = await createEngine(name, options);
  const fd = native.listenTcp({
    ...{ address: '127.0.0.1', port: 0, backlog: 1024, reusePort: false, ipv6Only: false },
  });
  await engine.listen([fd]);
  return native.boundPort(fd);
}

const port = await start(process.argv[2] as Variant);
let before = process.cpuUsage();
process.on('message', () => {
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6 } satisfies ServerMessage);
});
process.on('disconnect', () => process.exit());
process.send?.({ port } satisfies ServerMessage);
