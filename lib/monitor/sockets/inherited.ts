// Listening sockets opened by a service manager, which passes them in LISTEN_FDS. Each belongs to
// the configured address that it is bound to. They are never closed while the server runs, and
// their paths are not removed at its end.
import { messageOf } from '../../base/error-text.js';
import { UserError } from '../../base/user-error.js';
import { native } from '../../system/native.js';
import type { InheritedListener } from '../../system/native-types.js';
import type { ServiceVariables } from '../../system/service-variables.js';

/** SD_LISTEN_FDS_START */
const firstFd = 3;

export interface InheritedSocket extends InheritedListener {
  readonly fd: number;
  /** From LISTEN_FDNAMES; empty without a name there. */
  readonly label: string;
}

/**
 * Sockets passed to this process: none if LISTEN_PID names another one. Throws a UserError if one
 * is not a listening stream socket.
 */
export function inheritedSockets(variables: ServiceVariables, pid: number): InheritedSocket[] {
  const count = Number(variables.LISTEN_FDS ?? 0);
  if (Number(variables.LISTEN_PID) !== pid || !Number.isSafeInteger(count) || count < 1) return [];
  const labels = variables.LISTEN_FDNAMES?.split(':') ?? [];
  return Array.from({ length: count }, (_, index) => {
    const [fd, label] = [firstFd + index, labels[index] ?? ''];
    try {
      return { ...native.adoptListener(fd), fd, label };
    } catch (error) {
      const reason = messageOf(error);
      const text = label === '' ? '' : ` (${label})`;
      throw new UserError(`cannot use socket ${fd}${text} of LISTEN_FDS: ${reason}`);
    }
  });
}

/** The inherited sockets that no address has claimed yet. */
export class Inherited {
  #left: readonly InheritedSocket[];

  constructor(sockets: readonly InheritedSocket[] = []) {
    this.#left = sockets;
  }

  takeTcp(host: string, port: number): InheritedSocket[] {
    return this.#take((socket) => isBoundTo(socket, host, port));
  }

  takeUnix(path: string): InheritedSocket | undefined {
    const [taken] = this.#take(({ kind, name }) => kind === 'unix' && name === path);
    return taken;
  }

  /** Connections to a socket without a worker would hang, so the server refuses to start. */
  refuseRest(): void {
    const [first] = this.#left;
    if (!first) return;
    const text = first.kind === 'unix' ? first.name : address(first);
    const label = first.label === '' ? '' : ` (${first.label})`;
    throw new UserError(
      `the service manager listens on ${text}${label} for this server, but the configuration ` +
        `does not: add '${text}' to \`listen\``,
    );
  }

  #take(wanted: (socket: InheritedSocket) => boolean): InheritedSocket[] {
    const taken = this.#left.filter(wanted);
    this.#left = this.#left.filter((socket) => !taken.includes(socket));
    return taken;
  }
}

/** `ListenStream=80` of systemd is bound to all of IPv6, which takes IPv4 connections as well. */
function isBoundTo(socket: InheritedListener, host: string, port: number): boolean {
  const { kind, name, ipv6Only } = socket;
  if (kind !== 'tcp' || socket.port !== port) return false;
  return name === host || (host === '0.0.0.0' && name === '::' && !ipv6Only);
}

const address = ({ name, port }: InheritedListener): string =>
  name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`;
