// Opens the queues of one TCP address: one socket, or one SO_REUSEPORT socket per worker, on each
// numeric address that the host resolves to. Invariant: it ends with every socket open on the same
// port, or with none.
import { formatHost } from '../../base/format-host.js';
import { errorCode } from '../../base/error-text.js';
import { lookup } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../base/user-error.js';
import type { TcpAddress } from '../../config/settings.js';
import { native } from '../../system/native.js';
import type { Inherited } from './inherited.js';
import { isPortShared } from './port-sharing.js';

/**
 * Attempts to find a port that is free on every numeric address, or to win a port from another
 * instance.
 */
const maxAttempts = 8;
const maxBackoffMs = 100;

/** The queues of one numeric address; they all listen on one port. */
export interface TcpQueues {
  readonly address: TcpAddress;
  readonly numeric: string;
  readonly port: number;
  readonly fds: number[];
}

/**
 * Adds queues until there are `count`, or one for an address with a shared queue. Throws a
 * UserError.
 */
export function addQueues(queues: TcpQueues, count: number): void {
  const { address, numeric, port, fds } = queues;
  const wanted = address.queues === 1 ? 1 : count;
  while (fds.length < wanted) fds.push(bind(address, numeric, port));
}

export async function openTcp(
  address: TcpAddress,
  workers: number,
  inherited: Inherited,
): Promise<TcpQueues[]> {
  const numerics = await resolve(address);
  const adopted = numerics.flatMap((numeric) => adopt(address, numeric, inherited));
  const missing = numerics.filter((numeric) => !adopted.some((queues) => queues.asked === numeric));
  if (missing.length === 0) return adopted;
  return [...adopted, ...(await openMissing(address, missing, workers))];
}

/** All workers share an inherited socket: no queue can be added to it. */
function adopt(
  address: TcpAddress,
  asked: string,
  inherited: Inherited,
): (TcpQueues & { asked: string })[] {
  const sockets = inherited.takeTcp(asked, address.port);
  return sockets.map(({ fd, name, port }) => ({
    asked,
    address: { ...address, queues: 1 },
    numeric: name,
    port,
    fds: [fd],
  }));
}

async function openMissing(
  address: TcpAddress,
  numerics: readonly string[],
  workers: number,
): Promise<TcpQueues[]> {
  for (let attempt = 1; ; attempt++) {
    const opened: TcpQueues[] = [];
    try {
      openAll(address, numerics, workers, opened);
      if (!opened.some(({ fds }) => isPortShared(fds))) return opened;
    } catch (error) {
      closeAll(opened);
      // Another port may be free on all addresses; a configured one is taken.
      if (address.port !== 0 || !isInUse(error) || attempt === maxAttempts) throw error;
      continue;
    }
    // Two instances started at the same moment. Both back off; the first to return finds the port
    // free.
    closeAll(opened);
    if (attempt === maxAttempts) throw cannotListen(address, address.host, 'EADDRINUSE');
    await delay(Math.random() * maxBackoffMs);
  }
}

async function resolve({ host, port }: TcpAddress): Promise<string[]> {
  try {
    const found = await lookup(host, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  } catch (error) {
    throw new UserError(
      `cannot listen on ${formatHost(host)}:${port}: ${errorCode(error)}: the name has no address`,
    );
  }
}

/** Skips a family or an address that this machine lacks, as long as one remains. */
function openAll(
  address: TcpAddress,
  numerics: readonly string[],
  workers: number,
  opened: TcpQueues[],
): void {
  let unavailable: unknown;
  for (const numeric of numerics) {
    try {
      opened.push(openNumeric(address, numeric, opened[0]?.port ?? address.port, workers));
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      unavailable = error;
    }
  }
  if (opened.length === 0) throw unavailable;
}

function openNumeric(
  address: TcpAddress,
  numeric: string,
  wantedPort: number,
  workers: number,
): TcpQueues {
  const exclusive = address.queues === 1;
  // A socket that refuses to share detects sockets that would share the port.
  if (!exclusive && wantedPort !== 0)
    native.closeDescriptor(bind({ ...address, queues: 1 }, numeric, wantedPort));
  const first = bind(address, numeric, wantedPort);
  const queues = { address, numeric, port: native.boundPort(first), fds: [first] };
  try {
    addQueues(queues, workers);
    return queues;
  } catch (error) {
    closeAll([queues]);
    throw error;
  }
}

function bind(address: TcpAddress, numeric: string, port: number): number {
  try {
    return native.listenTcp({
      address: numeric,
      port,
      backlog: address.backlog,
      reusePort: address.queues === 'per-worker',
      ipv6Only: address.ipv6Only,
    });
  } catch (error) {
    throw cannotListen({ ...address, port }, numeric, errorCode(error), error);
  }
}

function closeAll(opened: readonly TcpQueues[]): void {
  for (const { fds } of opened) for (const fd of fds) native.closeDescriptor(fd);
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EAFNOSUPPORT: 'this machine does not have that kind of address',
  EACCES: 'this user may not listen on that port',
  EMFILE: 'too many open files (raise the limit: ulimit -n)',
};

function cannotListen(address: TcpAddress, host: string, code: string, cause?: unknown): UserError {
  const reason = reasons[code] ?? (cause instanceof Error ? cause.message : 'unknown reason');
  const error = new UserError(
    `cannot listen on ${formatHost(host)}:${address.port}: ${code}: ${reason}`,
  );
  return Object.assign(error, { code });
}

const isInUse = (error: unknown): boolean => errorCode(error) === 'EADDRINUSE';
const isUnavailable = (error: unknown): boolean =>
  /^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(errorCode(error));
