// The faults that a soak injects into a server. To add one, add a line to `troubles`.
import { connect, type Socket } from 'node:net';
import { connectedSockets } from '../../spec/support/shared-files.js';
import { processOf } from '../../spec/support/processes.js';
import type { Server } from '../../spec/support/server.js';
import { until } from '../../spec/support/until.js';
import { choose, type Weighted } from './seeded.js';
import type { Kill } from './verdict.js';

export interface Scene {
  readonly server: Server;
  readonly random: () => number;
  /** More than so many are not asked for. */
  readonly mostWorkers: number;
  /** Each process that was killed. */
  readonly kills: Kill[];
}

export interface Trouble extends Weighted {
  readonly name: string;
  /** Resolves when it is over. */
  do(scene: Scene): unknown;
}

const signal = (name: NodeJS.Signals, weight: number): Trouble => ({
  name,
  weight,
  do: ({ server }) => server.signal(name),
});

const command = (path: string, weight: number): Trouble => ({
  name: `POST ${path}`,
  weight,
  do: ({ server }) => server.ask('POST', path),
});

export const troubles: readonly Trouble[] = [
  { name: 'SIGKILL to a worker', weight: 4, do: killWorker },
  { name: 'SIGKILL to the mold', weight: 2, do: killMold },
  { name: 'SIGSTOP to a worker for a second', weight: 2, do: stopWorker },
  signal('SIGURG', 4),
  signal('SIGUSR1', 2),
  signal('SIGUSR2', 2),
  signal('SIGTTOU', 2),
  { name: 'SIGTTIN', weight: 3, do: addWorker },
  command('/refork', 2),
  command('/phased-restart', 1),
  command('/workers/remove', 1),
  { name: 'stats and metrics', weight: 2, do: look },
  { name: 'slow clients', weight: 2, do: ({ server }) => crowd(server, 1_000) },
  { name: 'clients that reset', weight: 2, do: ({ server }) => crowd(server, 0) },
];

export const someTrouble = (random: () => number): Trouble => choose(troubles, random);

async function someWorker({ server, random }: Scene): Promise<number | undefined> {
  const { workers } = await server.stats();
  return workers[Math.floor(random() * workers.length)]?.pid;
}

async function killWorker(scene: Scene): Promise<void> {
  await kill(await someWorker(scene), scene);
}

async function killMold(scene: Scene): Promise<void> {
  await kill((await scene.server.stats()).mold?.pid, scene);
}

/** It is stopped first, so that it can be told which connections die with it. */
async function kill(pid: number | undefined, { kills }: Scene): Promise<void> {
  if (!pid || !send(pid, 'SIGSTOP')) return;
  await until('the process to stop', () => ['T', 'Z', undefined].includes(processOf(pid)?.state));
  // Twice: a line can be missing from the kernel's table while other connections come and go.
  const ports = new Set([...connectedSockets(pid), ...connectedSockets(pid)].map(peerPort));
  kills.push({ pid, at: Date.now(), ports });
  send(pid, 'SIGKILL');
}

/** Of "0100007F:1F90 0100007F:C350". */
const peerPort = (pair: string): number => parseInt(pair.slice(pair.lastIndexOf(':') + 1), 16);

async function stopWorker(scene: Scene): Promise<void> {
  const pid = await someWorker(scene);
  if (!pid || !send(pid, 'SIGSTOP')) return;
  await pause(1_000);
  send(pid, 'SIGCONT');
}

async function addWorker({ server, mostWorkers }: Scene): Promise<void> {
  if ((await server.stats()).workers.length < mostWorkers) server.signal('SIGTTIN');
}

async function look({ server }: Scene): Promise<void> {
  await Promise.all([server.stats(), server.metrics()]);
}

/** Clients that send half of a request, or a whole one, and never wait for an answer. */
async function crowd(server: Server, forMs: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 25 }, () => opened(server.port)));
  for (const [index, socket] of sockets.entries())
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${index % 2 === 0 ? '\r\n' : ''}`);
  if (forMs > 0) await pause(forMs);
  for (const socket of sockets) socket.resetAndDestroy();
}

function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
    // Whether these are served is not what is measured.
    socket.on('error', () => resolve(socket));
  });
}

/** False when the process is gone. */
function send(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
