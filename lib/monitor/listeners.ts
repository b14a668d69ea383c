// The listening sockets. The monitor opens them, and holds each for as long as it lives: what is
// queued on a socket outlives the worker that would have accepted it, whereas closing a
// SO_REUSEPORT socket resets its queue.
import { lchownSync } from 'node:fs';
import type { Address } from '../config/settings.js';
import { native } from '../native.js';
import type { Credentials } from './credentials.js';
import { Inherited } from './inherited.js';
import { queuesOf } from './queues.js';
import { addQueues, formatHost, openTcp, type TcpQueues } from './tcp-port.js';
import { listenOnPath, type UnixSocket } from './unix-path.js';

interface UnixQueue extends UnixSocket {
  readonly path: string;
}

/**
 * Throws a ConfigError, with nothing left open, if any of the addresses cannot be had, or if an
 * inherited socket is not among them.
 */
export async function openListeners(
  addresses: readonly Address[],
  workers: number,
  inherited = new Inherited(),
  owner?: Credentials,
): Promise<Listeners> {
  const listeners = new Listeners(owner);
  try {
    for (const address of addresses) await listeners.open(address, Math.max(1, workers), inherited);
    inherited.refuseRest();
    return listeners;
  } catch (error) {
    listeners.close();
    throw error;
  }
}

export class Listeners {
  readonly #tcp: TcpQueues[] = [];
  readonly #unix: UnixQueue[] = [];
  readonly #owner: Credentials | undefined;

  /** `owner` gets the files of unix sockets, so that a proxy gets in through its group. */
  constructor(owner?: Credentials) {
    this.#owner = owner;
  }

  async open(address: Address, workers: number, inherited: Inherited): Promise<void> {
    if (address.kind === 'tcp') {
      this.#tcp.push(...(await openTcp(address, workers, inherited)));
      return;
    }
    const { path, backlog, mode } = address;
    const given = inherited.takeUnix(path);
    if (given) {
      // Its path is its owner's, who goes on listening there.
      this.#unix.push({ path, fd: given.fd, unlink: () => undefined });
      return;
    }
    const live = `cannot listen on ${path}: a server already listens on ${path}`;
    this.#unix.push({ path, ...(await listenOnPath({ path, backlog, mode }, live)) });
    if (this.#owner) lchownSync(path, this.#owner.uid, this.#owner.gid);
  }

  /**
   * Adds queues until each of that many workers has its own; never closes any. Throws a
   * ConfigError.
   */
  grow(workers: number): void {
    for (const queues of this.#tcp) addQueues(queues, workers);
  }

  /**
   * Every descriptor that the worker in `slot` accepts from. They stay the monitor's: pass
   * duplicates.
   */
  descriptorsFor(slot: number, workers: number): number[] {
    const tcp = this.#tcp.flatMap(({ address, fds }) =>
      address.queues === 1
        ? fds
        : queuesOf(slot, workers, fds.length).flatMap((queue) => fds[queue] ?? []),
    );
    return [...tcp, ...this.#unix.map(({ fd }) => fd)];
  }

  /** For the log, with real ports: 'http://127.0.0.1:8080', 'unix:/path'. */
  addresses(): string[] {
    return [
      ...this.#tcp.map(({ numeric, port }) => `http://${formatHost(numeric)}:${port}`),
      ...this.#unix.map(({ path }) => `unix:${path}`),
    ];
  }

  /** Also removes the paths of unix sockets, unless somebody else has taken them over. */
  close(): void {
    for (const { fds } of this.#tcp.splice(0)) for (const fd of fds) native.closeDescriptor(fd);
    for (const socket of this.#unix.splice(0)) {
      // First the path, so that nobody who finds it is refused.
      socket.unlink();
      native.closeDescriptor(socket.fd);
    }
  }
}
