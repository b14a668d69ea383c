// The typed interface of the native addon (native/*.cc). No function calls JavaScript, or keeps
// state that matters to callers; errors have the errno's name as `code` and in the message
// ("EAGAIN: fork: …").
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { UserError } from '../base/user-error.js';
import type {
  Exit,
  TcpListener,
  UnixListener,
  Received,
  Connection,
  CutConnection,
  InheritedListener,
} from './native-types.js';

export interface Native {
  /**
   * fork(2) of this process: V8's worker threads are parked and restarted, the event loop is
   * recreated (docs/how-it-forks.md). Call it from the check phase (setImmediate) or immediately
   * after `receive`.
   * Returns the child's pid in the parent and 0 in the child. Throws EBUSY while libuv requests are
   * active, otherwise the errno of the failed call. A child without the threads that it needs exits
   * with status 70, and reports the reason on `channel` as the message `failed`.
   */
  fork(channel?: number): number;
  /**
   * As `fork`, but the child is handed to the nearest subreaper (our parent, the monitor) before
   * this returns. The newborn's first act is to send a byte on `witness`, for `sender`.
   */
  forkSibling(channel?: number, witness?: number): number;
  /**
   * Pending libuv requests of the main loop: writes, file system, DNS, pool work. A fork needs 0.
   */
  activeRequests(): number;
  /**
   * Lists the mappings that V8 excludes from forks (VmFlags `dc`, proc_pid_smaps(5)), so that later
   * forks of this process can restore them; without it, each fork makes the list itself. Call it
   * when no more memory will be mapped. Returns the number of mappings.
   */
  rememberMappings(): number;
  /**
   * Makes this process end by _exit(2) after its `exit` event, whatever the cause: Node's own
   * shutdown would join threads that do not exist in a fork, and reset the flags of shared stdio.
   */
  exitWithoutShutdown(): void;
  /**
   * Finds the generator that V8 seeds new contexts from, so that `reseedMathRandom` of this process
   * and its forks reseeds it too. False if V8's layout is unknown.
   */
  prepareMathRandom(): boolean;
  /**
   * Reseeds Math.random of the calling context, of those that the last `instancesOf` saw, and of
   * future ones; for existing references too. False if V8's layout is unknown.
   */
  reseedMathRandom(): boolean;
  /**
   * All live objects that inherit from one of the prototypes, after a full garbage collection: one
   * walk of the heap (HeapProfiler::QueryObjects).
   */
  instancesOf(prototypes: readonly object[]): object[];
  /**
   * Learns to recognise the timers of `monitorEventLoopDelay` from an enabled one with this unique
   * resolution. False if there is no such timer.
   */
  learnDelayMonitor(resolution: number): boolean;
  /** Makes all enabled monitors of the event loop's delay record the time since their last tick. */
  tickDelayMonitors(): void;
  /**
   * The scripts (paths, or file: URLs of ES modules) of the innermost `frames` JavaScript frames,
   * innermost first, at most `most`; excludes the calling script and Node's own.
   */
  callerScripts(frames: number, most: number): string[];
  /**
   * The script that defines a function, looking through `bind`; null for built-in functions and for
   * other values.
   */
  scriptOf(value: unknown): string | null;
  /**
   * A full garbage collection that returns free pages to the system
   * (Isolate::LowMemoryNotification); compacting if V8's flags say so.
   */
  collectGarbage(): void;
  /** malloc_trim(3). */
  trimMalloc(): void;

  /**
   * Blocks in poll(2) and recvmsg(2) for at most 64 KiB. Undefined if the event loop has a signal
   * to handle, even one from before the call; null at end of file. Throws EMFILE if descriptors
   * were lost for lack of free ones.
   */
  receive(fd: number): Received | null | undefined;
  /** Whether `receive` would return at once: poll(2). */
  isReadable(fd: number): boolean;
  /**
   * Sends all of `data`, with at most 64 descriptors. Throws EAGAIN, with nothing sent, if the
   * peer's queue is full, EPIPE if the peer is gone. If the queue takes only a part, waits at most
   * 1 s for the rest, then throws ETIMEDOUT.
   */
  send(fd: number, data: string, fds: number[]): void;
  /** A connected pair of unix stream sockets, close-on-exec. */
  socketPair(): [number, number];
  /** As `socketPair`, non-blocking; `sender` works on the first one: SO_PASSCRED, unix(7). */
  witnessPair(): [number, number];
  /**
   * Receives a byte and returns the pid of its sender, as attested by the kernel (SCM_CREDENTIALS,
   * unix(7)) and numbered in our own pid namespace; null if there is no byte. Only a process with
   * CAP_SYS_ADMIN can name another one. Never blocks.
   */
  sender(fd: number): number | null;

  /** Returns the descriptor, non-blocking and close-on-exec. */
  listenTcp(listener: TcpListener): number;
  /** Returns the descriptor. Does not unlink first: EADDRINUSE if the path exists. */
  listenUnix(listener: UnixListener): number;
  /** The local port of a TCP socket, getsockname(2). */
  boundPort(fd: number): number;
  /**
   * The descriptor of this process that listens on the given local TCP port. Throws ENOENT if there
   * is none.
   */
  findListener(port: number): number;
  /**
   * The connections of this process that were accepted from a listening socket, or from another one
   * with the same address.
   */
  connectionsOf(listener: number): Connection[];
  /**
   * shutdown(2) of the reading side: reads return the bytes received so far, then the end of the
   * stream.
   */
  endReading(fd: number): void;
  /**
   * Replaces each connected stream socket, and each anonymous pipe that leads out of this process,
   * with one whose peer is closed: the kernel ends the connection immediately, and reads return end
   * of file. Excluded are stdio, `keep` and duplicates of either, listening and datagram sockets,
   * descriptors from before the addon was loaded, and files of other kinds. The event loop of this
   * process does not notice; that of a fork does.
   */
  cutConnections(keep: readonly number[]): CutConnection[];
  /** Aborts pending TCP connection attempts; returns their number. */
  giveUpConnecting(): number;
  /** dup3(2) with O_CLOEXEC: `target` becomes what `fd` is. */
  replaceDescriptor(fd: number, target: number): void;
  /** fcntl(F_DUPFD_CLOEXEC), never below 3. */
  duplicateDescriptor(fd: number): number;
  closeDescriptor(fd: number): void;
  /**
   * flock(LOCK_EX | LOCK_NB) of a file or directory, until the descriptor is closed; false if
   * another process holds the lock.
   */
  lockDescriptor(fd: number): boolean;

  /**
   * Overwrites the value of a variable that this program was started with, as others find it in
   * /proc/PID/environ. `process.env` is not changed.
   */
  eraseVariable(name: string): void;
  /** PR_SET_CHILD_SUBREAPER: orphaned descendants become our children. */
  becomeSubreaper(): void;
  /**
   * Makes the kernel end this process `graceMs` after the monitor's death, even in an endless loop:
   * PR_SET_PDEATHSIG(2const). Throws ESRCH if the monitor is not the parent, hence gone.
   */
  dieWithMonitor(monitorPid: number, graceMs: number): void;
  /** setpgid(0, 0), unless this process leads a group already. */
  leadProcessGroup(): void;
  /**
   * waitpid(pid, WNOHANG) for each; leaves out processes that are still running or not children.
   */
  reap(pids: number[]): Exit[];
  /**
   * The pid of an unreaped zombie child, which it does not reap (waitid(2), WNOWAIT); null if there
   * is none.
   */
  peekEndedChild(): number | null;
  /**
   * Whether it is a child of ours, running or not reaped yet (waitid(2), WNOWAIT): until it is
   * reaped, its pid means no other process. Throws EINVAL for pids below 2.
   */
  isChild(pid: number): boolean;
  /**
   * kill(2), if it is a child of ours that has not been reaped; returns whether it is. Throws
   * EINVAL for pids below 2.
   */
  signalChild(pid: number, signal: number): boolean;
  /**
   * execve(2) of `file`. `command` is its argument list, starting with its own name; `environment`
   * consists of 'NAME=value'. All descriptors but stdio and `keep` are closed. Returns only by
   * throwing, with nothing changed. Call it from the main thread, or children receive their
   * parent-death signal. Signals held by `holdSignals` are delivered in the next program, when it
   * calls `releaseSignals`, provided that this addon, built for its Node, is in its LD_PRELOAD and
   * PITCHFORK_HAND_OVER in its environment.
   */
  exec(
    file: string,
    command: readonly string[],
    environment: readonly string[],
    keep: readonly number[],
  ): void;
  /** Returns the descriptor of an anonymous file in memory: memfd_create(2). */
  memoryFile(): number;
  /** Sets FD_CLOEXEC on descriptors that this program was started with. */
  closeOnExec(fds: readonly number[]): void;
  /**
   * Blocks the signals that operate a monitor (TERM, USR1, URG …). Earlier ones may still be on
   * their way through the event loop.
   */
  holdSignals(): void;
  /** Delivers the signals held in this program or in the one before it. */
  releaseSignals(): void;
  /** getpid(2), not cached like `process.pid`. */
  pid(): number;

  /**
   * Makes this process answer `askForStack` with a message `stuck` on `channel`, even while its
   * event loop is blocked. Runs a thread, which `fork` ends too. Throws EALREADY if it is running.
   */
  startWatchdog(channel: number): void;
  stopWatchdog(): void;
  /**
   * Asks a child for its JavaScript stack, by a signal that would kill a process without a
   * watchdog. Native code gives no answer, nor does a process with a full channel. Throws ESRCH
   * unless it is a child of ours.
   */
  askForStack(pid: number): void;
  /**
   * Sends one datagram to the unix socket of a service manager, a path or '@name' (abstract):
   * sd_notify(3). Never blocks: throws EAGAIN if its queue is full, ECONNREFUSED or ENOENT without
   * a receiver.
   */
  notify(address: string, message: string): void;
  /**
   * Makes a descriptor passed by a service manager non-blocking and close-on-exec, and returns its
   * address. Throws EINVAL, with nothing changed, unless it is a listening stream socket, EBADF if
   * it is not open.
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

/** Path of the addon: from dist/lib/system/native.js to build/ beside dist/. */
export const nativeFile = fileURLToPath(new URL(`../../../build/native/${name}`, import.meta.url));

export const native: Native = load();
