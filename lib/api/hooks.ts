// The list of hooks. A hook is one entry here: its arguments, the process that it runs in, the type
// that users write, the checks, hover texts and docs/configuration.md all come from it.
import type { IncomingHttpHeaders } from 'node:http';

/** The role of a child of the monitor. */
export type Role = 'mold' | 'worker' | 'service';

/** A mold as its own hooks see it. */
export interface MoldInfo {
  /** The process id. */
  readonly pid: number;
  /** The number of its mold within the phase, counted from 0. */
  readonly generation: number;
  /** The number of restarts with new code (phased or hot) before its code was loaded. */
  readonly phase: number;
}

/** A worker as its own hooks see it. */
export interface WorkerInfo extends MoldInfo {
  /** The place of the worker, from 0 to `workers` - 1; its successors keep it. */
  readonly slot: number;
  /** Requests completed since this worker was forked. */
  readonly requests: number;
}

/** The service worker as its own hooks see it. */
export type ServiceInfo = MoldInfo;

/** A child as the monitor's hooks see it. */
export interface ChildInfo extends MoldInfo {
  /** The role at the time of the call: a worker can become the mold. */
  readonly role: Role;
  /** null for a mold and for the service worker. */
  readonly slot: number | null;
}

/** A fork that a mold is about to make, or has made. */
export interface ForkInfo {
  /** null for the service worker. */
  readonly slot: number | null;
  /** The generation of the mold, and of its forks. */
  readonly generation: number;
}

/** The result of a fork. */
export interface ForkResult extends ForkInfo {
  /** The process id of the child; null if the fork failed. */
  readonly pid: number | null;
  /** The reason, if the fork failed. */
  readonly error?: Error;
}

/** A request that has been answered. */
export interface CompletedRequest {
  /** Such as 'GET'. */
  readonly method: string;
  /** The path with its query. */
  readonly url: string;
  /** Milliseconds from the call of the handler to the end of the response. */
  readonly durationMs: number;
}

/** A request in flight. */
export interface RequestInfo {
  /** Such as 'GET'. */
  readonly method: string;
  /** The path; without its query in the monitor's hooks and in the log. */
  readonly url: string;
  /** Milliseconds since the call of the handler. */
  readonly ageMs: number;
}

/** A request that is older than `requestTimeout`. */
export interface OverdueRequest {
  /** The request. */
  readonly request: RequestInfo;
}

/** The reason why the monitor kills a worker. */
export interface HardTimeout {
  /** In words, as in the log. */
  readonly reason: string;
  /** The overdue request; null if there is none. */
  readonly request: RequestInfo | null;
  /** The JavaScript that blocks the event loop, if it could be captured. */
  readonly stack: string | null;
}

/** The exit of a child. */
export interface ChildExit {
  /** The exit code; null if a signal ended the process. */
  readonly code: number | null;
  /** The signal that ended the process, if any. */
  readonly signal: string | null;
}

/** A restart that begins. */
export interface Restart {
  /** 'phased' reloads the code; 'hot' replaces the monitor as well. */
  readonly kind: 'phased' | 'hot';
}

/** A request to the app during its warmup. */
export interface WarmupRequest {
  /** The path with its query. */
  readonly path: string;
  /** @default 'GET' */
  readonly method?: string;
  /** Header fields, by name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The request body. */
  readonly body?: string | Uint8Array;
}

/** The app's response to a request of the warmup. */
export interface WarmupResponse {
  /** The HTTP status code. */
  readonly status: number;
  /** Header fields, by lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** The response body. */
  readonly body: Buffer;
}

/** The app, callable before any client can reach it. */
export interface Warmup {
  /**
   * Sends a request, given by its path or in full. A response of any status resolves the promise;
   * it rejects if there is none.
   */
  request(request: string | WarmupRequest): Promise<WarmupResponse>;
}

/** The processes that hooks run in. */
export type HookProcess = 'new process' | 'monitor' | 'mold' | 'worker' | 'service worker';

interface HookEntry<Process extends HookProcess, Arguments extends unknown[]> {
  readonly runsIn: Process;
  /** For the compiler only. */
  readonly arguments?: Arguments;
}

const hook =
  <Process extends HookProcess>(runsIn: Process) =>
  <Arguments extends unknown[]>(): HookEntry<Process, Arguments> => ({ runsIn });

const newProcess = hook('new process');
const monitor = hook('monitor');
const mold = hook('mold');
const worker = hook('worker');
const serviceWorker = hook('service worker');

export const hooks = {
  /**
   * Runs in every freshly booted process, once the app is loaded: before the first fork and before
   * `afterMoldFork`. An error fails the boot.
   * @example warmup: ({ request }) => request('/')
   */
  warmup: newProcess<[Warmup]>(),
  /** Runs in the monitor, once, as soon as all workers serve. */
  afterMonitorReady: monitor<[]>(),
  /** Runs in the monitor after the boot and after every completed rollout. */
  afterBooted: monitor<[]>(),
  /**
   * Runs in the monitor when a restart begins: before new code is booted, or before the monitor is
   * replaced. Only the latter waits for it.
   */
  beforeRestart: monitor<[Restart]>(),
  /**
   * Runs in the monitor after the exit of the last child, before the monitor exits; for at most
   * `shutdownTimeout`.
   */
  afterStopped: monitor<[]>(),
  /** Runs in the mold before each fork. An error fails that fork. */
  beforeFork: mold<[ForkInfo]>(),
  /** Runs in the mold after each fork, always paired with `beforeFork`, even if the fork failed. */
  afterFork: mold<[ForkResult]>(),
  /**
   * Runs in the new mold of every generation, before it freezes: close databases and stop threads
   * here. An error discards this mold.
   */
  afterMoldFork: mold<[MoldInfo]>(),
  /** Runs in each new worker before it accepts connections. An error fails this worker. */
  afterWorkerFork: worker<[WorkerInfo]>(),
  /** Runs in a worker as soon as it accepts connections. */
  afterWorkerReady: worker<[WorkerInfo]>(),
  /** Runs in a worker, once per graceful exit, after its last response. */
  beforeWorkerExit: worker<[WorkerInfo]>(),
  /** Runs in a worker after each response. */
  afterRequestComplete: worker<[WorkerInfo, CompletedRequest]>(),
  /** Runs in a worker with a request older than `requestTimeout`, before a successor is forked. */
  afterWorkerTimeout: worker<[WorkerInfo, OverdueRequest]>(),
  /**
   * Runs in the service worker, which exists if this hook does: a fork of each mold that accepts no
   * connections, one at a time. Start timers, schedules and queue consumers here. An error fails
   * this start.
   */
  beforeServiceWorkerReady: serviceWorker<[ServiceInfo]>(),
  /**
   * Runs in the service worker, once per graceful exit, which waits for it for at most
   * `shutdownTimeout`.
   */
  beforeServiceWorkerExit: serviceWorker<[ServiceInfo]>(),
  /**
   * Runs in the monitor just before it kills a worker that is stuck. The kill waits for it for at
   * most a second.
   */
  afterWorkerHardTimeout: monitor<[ChildInfo, HardTimeout]>(),
  /** Runs in the monitor after the exit of any child. */
  afterWorkerExit: monitor<[ChildInfo, ChildExit]>(),
};

/** The name of a hook. */
export type HookName = keyof typeof hooks;

/** The names of the hooks that run in a process. */
export type HookNamesIn<Process extends HookProcess> = {
  [Name in HookName]: (typeof hooks)[Name]['runsIn'] extends Process ? Name : never;
}[HookName];

/** The arguments of each hook. */
export type HookArguments = {
  [Name in keyof typeof hooks]: (typeof hooks)[Name] extends HookEntry<HookProcess, infer Arguments>
    ? Arguments
    : never;
};

/** A hook: a function, asynchronous or not, whose result is ignored. */
export type Hook<Arguments extends unknown[]> = (...args: Arguments) => unknown;

/** The hooks of a configuration: one function or a list, run in order. */
export type Hooks = {
  [Name in keyof typeof hooks]?: Hook<HookArguments[Name]> | Hook<HookArguments[Name]>[];
};

/** Normalised: always a list. */
export type HookLists = {
  readonly [Name in keyof typeof hooks]: readonly Hook<HookArguments[Name]>[];
};
