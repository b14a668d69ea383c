// Takes the path of a unix socket, and gives it back. Invariant: only a stale socket, without a
// listener, is ever replaced, and only a socket of our own is ever removed; anything else at the
// path stays as it is.
import { errorCode, messageOf } from '../../base/error-text.js';
import { closeSync, constants, lstatSync, openSync, unlinkSync, type BigIntStats } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../base/user-error.js';
import { native } from '../../system/native.js';
import type { UnixListener } from '../../system/native-types.js';

/** sizeof(sockaddr_un.sun_path), less the final zero. */
const maxPathBytes = 107;
/** Enough for races lost to processes that then exit. */
const maxAttempts = 5;
/**
 * Between bind(2) and listen(2) a new socket refuses connections like a stale one.
 */
const secondLookMs = 50;
const connectTimeoutMs = 1_000;

export interface UnixSocket {
  readonly fd: number;
  /** Distinguishes the file of this socket from others at the same path. */
  readonly identity: string | null;
  /** Removes the path if it still leads to this socket. The caller closes the descriptor. */
  unlink(): void;
}

/** Listens on the path. `whenLive` is the error if a server already does. */
export async function listenOnPath(listener: UnixListener, whenLive: string): Promise<UnixSocket> {
  const { path } = listener;
  const bytes = Buffer.byteLength(path);
  if (bytes > maxPathBytes)
    throw new UserError(
      `cannot listen on ${path}: the path is ${bytes} bytes long, a socket's can have ` +
        `${maxPathBytes} (choose a shorter one)`,
    );

  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const fd = bind(listener);
    if (fd !== undefined) return socketAt(path, fd);
    const found = look(path);
    if (found === undefined) continue;
    if (!found.isSocket()) throw new UserError(`cannot listen on ${path}: ${kind(found)} is there`);
    if (!(await isStale(path))) throw new UserError(whenLive);
    removeStale(path, found);
  }
  throw new UserError(`cannot listen on ${path}: others keep taking the path`);
}

/** Undefined if the path exists. */
function bind(listener: UnixListener): number | undefined {
  try {
    return native.listenUnix(listener);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EADDRINUSE') return undefined;
    const reason = reasons[code] ?? messageOf(error);
    throw new UserError(`cannot listen on ${listener.path}: ${reason}`);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'ENOENT: its directory does not exist',
  ENOTDIR: 'ENOTDIR: a part of its path is not a directory',
  EACCES: 'EACCES: this user may not write to its directory',
  EROFS: 'EROFS: its file system is read-only',
};

function socketAt(path: string, fd: number): UnixSocket {
  const made = look(path);
  return heldSocket(path, { fd, identity: made ? identityOf(made) : null });
}

/** A socket made by `listenOnPath`, in this program or its predecessor. */
export function heldSocket(
  path: string,
  { fd, identity }: Pick<UnixSocket, 'fd' | 'identity'>,
): UnixSocket {
  return {
    fd,
    identity,
    unlink() {
      try {
        const found = look(path);
        if (found && identityOf(found) === identity) unlinkSync(path);
      } catch {
        // Its directory is gone or no longer writable; the next start will find a stale socket.
      }
    },
  };
}

function look(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

/**
 * Some file systems reuse inode numbers at once, so the time of birth is part of the identity.
 */
function identityOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}

function kind(found: BigIntStats): string {
  if (found.isSymbolicLink()) return 'a symbolic link';
  if (found.isDirectory()) return 'a directory';
  return 'a file that is not a socket';
}

async function isStale(path: string): Promise<boolean> {
  if (!(await refuses(path))) return false;
  await delay(secondLookMs);
  return refuses(path);
}

/**
 * Only a refused connection proves a lack of listeners: a full backlog or missing permission does
 * not.
 */
function refuses(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.setTimeout(connectTimeoutMs, () => settle(false));
    socket.once('connect', () => settle(false));
    socket.once('error', (error) => settle(/^(ECONNREFUSED|ENOENT)$/.test(errorCode(error))));
  });
}

/**
 * Another instance may have replaced the stale socket in the meantime, so all that remove one look
 * once more under a lock of the directory. It leaves no lock file behind, and the kernel releases
 * it when its holder dies.
 */
function removeStale(path: string, stale: BigIntStats): void {
  try {
    const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      if (!native.lockDescriptor(directory)) return;
      const found = look(path);
      if (found && identityOf(found) === identityOf(stale)) unlinkSync(path);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw new UserError(`cannot replace the stale socket ${path}: ${errorCode(error)}`);
  }
}
