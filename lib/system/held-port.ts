// A TCP port for operators: metrics or remote control. The descriptor is kept, because the next
// program of a hot restart continues with it.
import { formatHost } from '../base/format-host.js';
import { lookup } from 'node:dns/promises';
import type { Server } from 'node:http';
import { UserError } from '../base/user-error.js';
import { native } from './native.js';

interface Port {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
}

/** Plain data, for the next program of a hot restart; the port is the configured one. */
export interface HeldPort extends Port {
  readonly fd: number;
}

const backlog = 64;

/** Throws a UserError, worded by `complaint`, if the port cannot be opened. */
export async function holdPort(
  { host, port }: Port,
  complaint: (place: string, reason: string) => string,
): Promise<HeldPort> {
  try {
    const { address } = await lookup(host);
    const listener = { address, port, backlog, reusePort: false, ipv6Only: false };
    return { host, port, fd: native.listenTcp(listener) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'EADDRINUSE: another process listens there' : message;
    const place = `${formatHost(host)}:${port}`;
    throw new UserError(complaint(place, reason));
  }
}

export const isSamePort = (one: Port | null, other: Port | null): boolean =>
  one !== null && other !== null && one.host === other.host && one.port === other.port;

/** The server owns the descriptor from now on. Returns the real port. */
export async function serveOn({ fd }: HeldPort, server: Server): Promise<number> {
  await listenOn(fd, server);
  return native.boundPort(fd);
}

/** The server owns the descriptor from now on. */
export function listenOn(fd: number, server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
