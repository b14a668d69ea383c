// The listening sockets. The monitor opens them, and holds each for its lifetime: connections
// queued on a socket outlive the worker that would have accepted them, whereas closing a
// SO_REUSEPORT socket resets its queue. A hot restart hands them over; a socket that the new
// configuration no longer has is closed when the workers that accept on it are gone.
import { formatHost } from '../../base/format-host.js';
import type { Address } from '../../config/settings.js';
import { native } from '../../system/native.js';
import type { Credentials } from '../../system/credentials.js';
import { Inherited } from './inherited.js';
import { queuesOf } from '../fleet/queues.js';
import { addQueues, openTcp, type TcpQueues } from './tcp-port.js';
import { heldSocket, listenOnPath, type UnixSocket } from './unix-path.js';

/** The sockets of one address. Plain data, for the next program of a hot restart. */
export interface HeldListener {
  readonly address: Address;
  readonly tcp: readonly TcpQueues[];
  readonly unix: Pick<UnixSocket, 'fd' | 'identity'> | null;
  /** The last phase with workers that accept from it; null: no last one. */
  lastPhase: number | null;
}

/** Identifies a listener: a change of other properties keeps it. */
export const nameOf = (address: Address): string =>
  address.kind === 'tcp'
    ? `http://${formatHost(address.host)}:${address.port}`
    : `unix:${address.path}`;

/**
 * Throws a UserError, with nothing left open, if any of the addresses cannot be opened, or if an
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
  #held: HeldListener[];
  readonly #owner: Credentials | undefined;

  /**
   * `owner` gets the files of unix sockets, so that a proxy can connect through its group. `held`:
   * sockets of the predecessor.
   */
  constructor(owner?: Credentials, held: readonly HeldListener[] = []) {
    this.#owner = owner;
    this.#held = [...held];
  }

  get held(): readonly HeldListener[] {
    return this.#held;
  }

  async open(address: Address, workers: number, inherited = new Inherited()): Promise<void> {
    if (address.kind === 'tcp') {
      const tcp = await openTcp(address, workers, inherited);
      this.#held.push({ address, tcp, unix: null, lastPhase: null });
      return;
    }
    const { path, backlog, mode } = address;
    const given = inherited.takeUnix(path);
    if (given) {
      // Its path belongs to the service manager, which keeps listening there.
      const unix = { fd: given.fd, identity: null };
      this.#held.push({ address, tcp: [], unix, lastPhase: null });
      return;
    }
    const live = `cannot listen on ${path}: a server already listens on ${path}`;
    const { uid, gid } = this.#owner ?? {};
    const { fd, identity } = await listenOnPath({ path, backlog, mode, uid, gid }, live);
    this.#held.push({ address, tcp: [], unix: { fd, identity }, lastPhase: null });
  }

  /**
   * Workers of phases after `phase` will accept from `wanted` only. Returns the addresses that are
   * not held yet.
   */
  keep(wanted: readonly Address[], phase: number): Address[] {
    const names = wanted.map(nameOf);
    for (const listener of this.#held)
      listener.lastPhase = names.includes(nameOf(listener.address))
        ? null
        : (listener.lastPhase ?? phase);
    const held = this.#held.map(({ address }) => nameOf(address));
    return wanted.filter((address) => !held.includes(nameOf(address)));
  }

  /** Closes listeners of phases before `phase` only; no worker of those may be left. */
  closeBefore(phase: number): void {
    const isOver = ({ lastPhase }: HeldListener) => lastPhase !== null && lastPhase < phase;
    const over = this.#held.filter(isOver);
    this.#held = this.#held.filter((listener) => !isOver(listener));
    over.forEach(closeListener);
  }

  /** Adds queues until each of `workers` has its own; never closes any. Throws a UserError. */
  grow(workers: number): void {
    for (const { tcp } of this.#held) for (const queues of tcp) addQueues(queues, workers);
  }

  /**
   * The descriptors that the worker of that phase in `slot` accepts from; none without a slot.
   * They belong to the monitor: pass duplicates.
   */
  descriptorsFor(slot: number | null, workers: number, phase = 0): number[] {
    if (slot === null) return [];
    const accepting = this.#held.filter(
      ({ lastPhase }) => lastPhase === null || phase <= lastPhase,
    );
    const tcp = accepting.flatMap((listener) =>
      listener.tcp.flatMap(({ address, fds }) =>
        address.queues === 1
          ? fds
          : queuesOf(slot, workers, fds.length).flatMap((queue) => fds[queue] ?? []),
      ),
    );
    return [...tcp, ...accepting.flatMap(({ unix }) => unix?.fd ?? [])];
  }

  /** For the log, with real ports: 'http://127.0.0.1:8080', 'unix:/path'. */
  addresses(): string[] {
    const current = this.#held.filter(({ lastPhase }) => lastPhase === null);
    return [
      ...current.flatMap(({ tcp }) =>
        tcp.map(({ numeric, port }) => `http://${formatHost(numeric)}:${port}`),
      ),
      ...current.flatMap(({ address }) => (address.kind === 'unix' ? nameOf(address) : [])),
    ];
  }

  /** Also removes the paths of unix sockets, unless another process has taken them over. */
  close(): void {
    this.#held.splice(0).forEach(closeListener);
  }
}

function closeListener({ address, tcp, unix }: HeldListener): void {
  for (const { fds } of tcp) for (const fd of fds) native.closeDescriptor(fd);
  if (!unix || address.kind !== 'unix') return;
  // The path first, so that a client that finds it is not refused.
  heldSocket(address.path, unix).unlink();
  native.closeDescriptor(unix.fd);
}
