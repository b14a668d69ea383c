// Real engines in the spec's own process, on listening sockets as the monitor makes them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CompletedRequest } from '../../lib/api/hooks.js';
import type { EngineName } from '../../lib/api/config.js';
import { createEngine } from '../../lib/engines/create.js';
import type { DrainOptions, Engine } from '../../lib/engines/engine.js';
import type { App } from '../../lib/api/app-types.js';
import { native } from '../../lib/system/native.js';

/** Whether uWebSockets.js, an optional peer, has a binary for this Node. */
export const hasUws = Number(process.versions.modules) <= 115;

export interface Served {
  readonly engine: Engine;
  /** A port of 127.0.0.1, or the path of a unix socket, for each listening socket. */
  readonly places: (number | string)[];
  readonly drain: (options?: Partial<DrainOptions>) => Promise<number>;
  /** Another engine for the same app on the same sockets, as in a replaced worker. */
  readonly succeed: () => Promise<Served>;
}

export interface ServeOptions {
  unix?: boolean;
  sockets?: number;
  keepAliveTimeoutMs?: number;
  onRequestComplete?: (request: CompletedRequest) => void;
}

const quick: DrainOptions = { lingerMs: 100, timeoutMs: 3000 };

const running: { drain: () => Promise<unknown> }[] = [];
const leftovers: (() => void)[] = [];

export async function serve(
  name: EngineName,
  app: App,
  { unix, sockets = 1, keepAliveTimeoutMs = 5000, onRequestComplete }: ServeOptions = {},
): Promise<Served> {
  const listeners = Array.from({ length: sockets }, () => (unix ? listenUnix() : listenTcp()));
  // The monitor holds the sockets, so that they outlive the engine.
  leftovers.push(() => listeners.forEach(({ fd }) => native.closeDescriptor(fd)));
  const start = async (): Promise<Served> => {
    const engine = await createEngine(name, {
      app,
      appFile: fileURLToPath(import.meta.url),
      keepAliveTimeoutMs,
      context: { slot: 0, generation: 0 },
      ...(onRequestComplete && { onRequestComplete }),
    });
    await engine.listen(listeners.map(({ fd }) => native.duplicateDescriptor(fd)));
    let drained: Promise<number> | undefined;
    const drain: Served['drain'] = (options) =>
      (drained ??= engine.drain({ ...quick, ...options }));
    running.push({ drain: () => drain({ lingerMs: 0, timeoutMs: 100 }) });
    return { engine, places: listeners.map(({ place }) => place), drain, succeed: start };
  };
  return start();
}

/** For `afterEach`: drains the engines that a spec left running, and removes their sockets. */
export async function stopEngines(): Promise<void> {
  await Promise.all(running.splice(0).map(({ drain }) => drain()));
  for (const remove of leftovers.splice(0)) remove();
}

function listenTcp(): { fd: number; place: number } {
  const fd = native.listenTcp({
    ...{ address: '127.0.0.1', port: 0, backlog: 1024, reusePort: true, ipv6Only: false },
  });
  return { fd, place: native.boundPort(fd) };
}

function listenUnix(): { fd: number; place: string } {
  const directory = mkdtempSync(join(tmpdir(), 'pitchfork-engine-'));
  leftovers.push(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'http.sock');
  return { fd: native.listenUnix({ path, backlog: 1024, mode: 0o600 }), place: path };
}
