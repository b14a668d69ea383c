// The one typed door to native/ (C++). Every function is flat, keeps no state that the caller must
// know of, calls no JavaScript, and throws an Error whose `code` and message carry the errno's name
// ("EAGAIN: fork: …").
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { UserError } from '../base/user-error.js';

/** A child that ended, as waitpid(2) told it. Exactly one of `code` and `signal` is set. */
export interface Exit {
  pid: number;
  code: number | null;
  /** For example 'SIGKILL'. */
  signal: NodeJS.Signals | null;
}

export interface TcpListener {
  /** A numeric IPv4 or IPv6 address; names are resolved by the caller. */
  address: string;
  /** 0 lets the kernel choose; read it back with `boundPort`. */
  port: number;
  backlog: number;
  /** SO_REUSEPORT, so that several queues can share the address. */
  reusePort: boolean;
  ipv6Only: boolean;
}

export interface UnixListener {
  path: string;
  backlog: number;
  /** Permission bits of the socket file, for example 0o660; in force from the first instant. */
  mode: number;
}

/**
 * What one recvmsg(2) brought: bytes, since it can end within a character. Descriptors belong to
 * the last message in `data`.
 */
export interface Received {
  data: Buffer;
  fds: number[];
}

/** A connected socket, with the number of bytes that wait in the kernel. */
export interface Connection {
  fd: number;
  unread: number;
  /** For TCP: not acknowledged by the peer; for a unix socket: not read by it. */
  unsent: number;
}

/** A connection that was cut. */
export interface CutConnection {
  fd: number;
  kind: 'tcp' | 'unix' | 'pipe';
  /** "127.0.0.1:6379", "[::1]:6379", "/path.sock", "@abstract"; empty for an end without a name. */
  local: string;
  peer: string;
}

/** A listening socket that was open before this program began. */
export interface InheritedListener {
  kind: 'tcp' | 'unix';
  /** A numeric address, or a path; '@name' in the abstract namespace. */
  name: string;
  /** 0 for a unix socket. */
  port: number;
  /** An IPv6 socket that takes no IPv4 connections. */
  ipv6Only: boolean;
}

export interface Native {
  /**
   * fork(2) of this very process, whole: V8's workers parked and revived, the loop re-made (see
   * docs/how-it-forks.md). Call it from the check phase (setImmediate) or straight after `receive`.
   * Returns the child's pid in the parent and 0 in the child. Throws EBUSY while libuv requests are
   * active, and the errno of what failed otherwise.
   */
  fork(): number;
  /**
   * As `fork`, but the child is handed to the nearest subreaper (our parent, the monitor) before
   * this returns.
   */
  forkSibling(): number;
  /**
   * Pending libuv requests of the main loop: writes, file system, DNS, pool work. A fork needs 0.
   */
  activeRequests(): number;
  /**
   * Takes the list of mappings that V8 keeps out of forks (VmFlags `dc`), for every later fork of
   * this process to restore. Call it when nothing maps memory any more; without it each fork takes
   * the list itself. Returns the number of mappings.
   */
  rememberMappings(): number;
  /**
   * From now on this process ends by _exit(2) once its `exit` event has run, however it comes to
   * its end: Node's own shutdown would join threads that a fork does not have, and would reset the
   * flags of a shared stdio.
   */
  exitWithoutShutdown(): void;
  /**
   * Re-seeds Math.random of the calling context, for references taken earlier too. False where V8's
   * layout is unknown.
   */
  reseedMathRandom(): boolean;
  /**
   * The scripts (paths, or file: URLs of ES modules) of the nearest `frames` JavaScript frames,
   * innermost first, at most `most`; without the calling script and Node's own.
   */
  callerScripts(frames: number, most: number): string[];
  /**
   * The script that a function was written in, seen through `bind`; null for built-in functions and
   * for what is no function.
   */
  scriptOf(value: unknown): string | null;
  /**
   * A full, compacting-if-flagged collection that gives free pages back
   * (Isolate::LowMemoryNotification).
   */
  collectGarbage(): void;
  /** malloc_trim(3). */
  trimMalloc(): void;

  /**
   * Blocks in poll(2) + recvmsg(2) for at most 64 KiB. Undefined when a signal interrupted it, null
   * at end of file. Throws EMFILE when descriptors were lost because this process has too many
   * open.
   */
  receive(fd: number): Received | null | undefined;
  /**
   * Sends all of `data`, with at most 64 descriptors. Throws EAGAIN, with nothing sent, when the
   * peer's queue is full, EPIPE when it is gone. When the queue takes a part only, waits at most 1
   * s for the rest, then throws ETIMEDOUT.
   */
  send(fd: number, data: string, fds: number[]): void;
  /** A connected pair of unix stream sockets, close-on-exec. */
  socketPair(): [number, number];

  listenTcp(listener: TcpListener): number;
  /** Does not unlink anything first: EADDRINUSE if the path exists. */
  listenUnix(listener: UnixListener): number;
  /** The local port of a TCP socket, getsockname(2). */
  boundPort(fd: number): number;
  /**
   * The descriptor of this process that listens on the given local TCP port; ENOENT if there is
   * none.
   */
  findListener(port: number): number;
  /**
   * The connections of this process that came in through a listening socket (or another one of the
   * same address).
   */
  connectionsOf(listener: number): Connection[];
  /**
   * shutdown(2) of the reading side: our side reads what has arrived, and then the end of the
   * stream.
   */
  endReading(fd: number): void;
  /**
   * Replaces each connected stream socket, and each anonymous pipe that leads out of this process,
   * by one whose other side is closed: the kernel ends the connection now, and reading gives the
   * end of file. Left alone: stdio and whatever is the same file as it or as one of `keep`,
   * listening and datagram sockets, what was open when the addon was loaded, all that is no socket
   * or pipe. The event loop of this process does not notice; that of a fork does.
   */
  cutConnections(keep: readonly number[]): CutConnection[];
  /** Ends the attempts to connect over TCP that nobody has answered yet; returns their number. */
  giveUpConnecting(): number;
  /** dup3(2) with O_CLOEXEC: `target` becomes what `fd` is. */
  replaceDescriptor(fd: number, target: number): void;
  /** fcntl(F_DUPFD_CLOEXEC), never below 3. */
  duplicateDescriptor(fd: number): number;
  closeDescriptor(fd: number): void;

  /** PR_SET_CHILD_SUBREAPER: orphaned descendants become our children. */
  becomeSubreaper(): void;
  /**
   * Asks the kernel to end this process `graceMs` after the monitor's death, even in an endless
   * loop. Throws ESRCH if the monitor is not our parent, so that it must be gone.
   */
  dieWithMonitor(monitorPid: number, graceMs: number): void;
  /** setpgid(0, 0). */
  leadProcessGroup(): void;
  /**
   * waitpid(pid, WNOHANG) for each; those that have not ended are left out, ECHILD is left out too.
   */
  reap(pids: number[]): Exit[];
  /**
   * The pid of some child that has ended and was not reaped yet, which is left as it is (waitid
   * WNOWAIT); null if none.
   */
  peekEndedChild(): number | null;
  /**
   * execve(2) of `file` with `command` as its arguments, its own name first, and `environment` as
   * 'NAME=value'. Descriptors are closed but for stdio and `keep`. Returns only by throwing what
   * failed; then nothing has changed. Call it from the main thread: children would be sent their
   * parent-death signal otherwise. Signals that `holdSignals` holds come in the next program, when
   * it calls `releaseSignals`, if this addon, built for its Node, is in its LD_PRELOAD and
   * PITCHFORK_HAND_OVER in its environment.
   */
  exec(
    file: string,
    command: readonly string[],
    environment: readonly string[],
    keep: readonly number[],
  ): void;
  /** An anonymous file in memory, memfd_create(2). */
  memoryFile(): number;
  /** FD_CLOEXEC, for what this program was started with. */
  closeOnExec(fds: readonly number[]): void;
  /**
   * What asks something of a monitor (TERM, USR1, URG …) waits from now on. What came before is
   * still on its way through the event loop.
   */
  holdSignals(): void;
  /** Signals that were held, in this program or the one before, come now. */
  releaseSignals(): void;
  /** getpid(2), never cached. */
  pid(): number;

  /**
   * From now on this process answers `askForStack` with a message `stuck` on `channel`, also while
   * its event loop does not turn. Runs a thread, which `fork` ends as well. EALREADY if it runs.
   */
  startWatchdog(channel: number): void;
  stopWatchdog(): void;
  /**
   * Asks another process that has started its watchdog, and that would else be ended by the signal,
   * what JavaScript it is running. No answer comes from code that is not JavaScript, nor while the
   * channel is full. Throws ESRCH.
   */
  askForStack(pid: number): void;
  /**
   * One datagram to the unix socket of a service manager, a path or '@name' (abstract). Never
   * waits: throws EAGAIN when its queue is full, ECONNREFUSED or ENOENT when nobody is there.
   */
  notify(address: string, message: string): void;
  /**
   * Makes a descriptor that a service manager passed non-blocking and close-on-exec, and tells what
   * it listens on. Throws EINVAL, with nothing changed, if it is not a listening stream socket,
   * EBADF if it is not open.
   */
  adoptListener(fd: number): InheritedListener;
}

const name = `pitchfork-${process.platform}-${process.arch}-${process.versions.modules}.node`;

function load(): Native {
  if (!existsSync(nativeFile))
    throw new UserError(
      `the native addon is not built for Node ${process.versions.node} (${name} is missing): ` +
        'run `npm rebuild pitchfork-ts` (in a checkout: `npm install`) with this Node',
    );
  return createRequire(import.meta.url)(nativeFile) as Native;
}

/** The addon: dist/lib/native.js → build/ beside dist/ */
export const nativeFile = fileURLToPath(new URL(`../../../build/native/${name}`, import.meta.url));

export const native: Native = load();
