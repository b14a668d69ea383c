// The callbacks of a configuration, as design of the public interface has them: what each receives
// and where it runs.
import type { IncomingHttpHeaders } from 'node:http';

export type Role = 'mold' | 'worker' | 'service';

/** What a mold tells about itself. */
export interface MoldInfo {
  readonly pid: number;
  readonly generation: number;
  readonly phase: number;
}

/** A worker as its own hooks see it. */
export interface WorkerInfo extends MoldInfo {
  readonly slot: number;
  /** Requests completed since this worker was forked. */
  readonly requests: number;
}

/** The service worker as its own hooks see it. */
export type ServiceInfo = MoldInfo;

/** A child as the monitor's hooks see it. */
export interface ChildInfo extends MoldInfo {
  readonly role: Role;
  /** null for a mold and the service worker. */
  readonly slot: number | null;
}

export interface ForkInfo {
  /** null for the service worker. */
  readonly slot: number | null;
  readonly generation: number;
}

export interface CompletedRequest {
  readonly method: string;
  readonly url: string;
  /** Milliseconds from the handler's call to the response's end. */
  readonly durationMs: number;
}

export interface RequestInfo {
  readonly method: string;
  /** Without its query in the monitor's hooks and in the log. */
  readonly url: string;
  readonly ageMs: number;
}

/** Why the monitor kills a worker. */
export interface HardTimeout {
  /** As in the log. */
  readonly reason: string;
  /** Unless it is only the event loop that stands still. */
  readonly request: RequestInfo | null;
  /** The JavaScript that kept the event loop from turning, where that could be seen. */
  readonly stack: string | null;
}

export interface WarmupRequest {
  readonly path: string;
  /** Default: 'GET'. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface WarmupResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The app, to be called before anybody else can. */
export interface Warmup {
  /**
   * A request to the app, given as its path or in full. Rejects when there is no answer; an answer
   * of any status is one.
   */
  request(what: string | WarmupRequest): Promise<WarmupResponse>;
}

type Hook<Arguments extends unknown[]> = (...args: Arguments) => unknown;

/** The arguments of each hook. The comments say in which process it runs. */
export interface HookArguments {
  /**
   * Each freshly booted process, once the app is loaded, before the first fork and before
   * afterMoldFork. A throw fails the boot.
   */
  warmup: [Warmup];
  /** Monitor, once, when every worker serves for the first time. */
  afterMonitorReady: [];
  /** Monitor, at boot and after each completed rollout. */
  afterBooted: [];
  /**
   * Monitor, when a restart begins: before new code is booted, or before the monitor is replaced.
   * Only the latter waits for it.
   */
  beforeRestart: [{ readonly kind: 'phased' | 'hot' }];
  /** Monitor, when the last child is gone, before it ends; at most for `shutdownTimeout`. */
  afterStopped: [];
  /** Mold, before each fork. A throw fails that fork. */
  beforeFork: [ForkInfo];
  /** Mold, after each fork, always paired with beforeFork; `error` when there was no child. */
  afterFork: [ForkInfo & { readonly pid: number | null; readonly error?: Error }];
  /** The new mold of every generation, before it freezes. A throw discards this mold. */
  afterMoldFork: [MoldInfo];
  /** Worker, before it accepts. A throw fails this worker. */
  afterWorkerFork: [WorkerInfo];
  /** Worker, as soon as it accepts. */
  afterWorkerReady: [WorkerInfo];
  /** Worker, once on each graceful way out, when the last request is answered. */
  beforeWorkerExit: [WorkerInfo];
  /** Worker, after each response. */
  afterRequestComplete: [WorkerInfo, CompletedRequest];
  /** Worker, when a request is older than `requestTimeout`, before a successor is forked. */
  afterWorkerTimeout: [WorkerInfo, { readonly request: RequestInfo }];
  /**
   * Service worker, which exists where this hook does: a fork of each mold, one at a time, that
   * accepts nothing. Here it starts what runs beside the workers: timers, consumers of queues. A
   * throw fails this start.
   */
  beforeServiceWorkerReady: [ServiceInfo];
  /**
   * Service worker, once on each graceful way out; it leaves when this is done, or after
   * `shutdownTimeout`.
   */
  beforeServiceWorkerExit: [ServiceInfo];
  /**
   * Monitor, just before it kills a worker that is stuck or whose request overran for good. Waited
   * for, but no longer than a second.
   */
  afterWorkerHardTimeout: [ChildInfo, HardTimeout];
  /** Monitor, when any child was reaped. */
  afterWorkerExit: [ChildInfo, { readonly code: number | null; readonly signal: string | null }];
}

export type HookName = keyof HookArguments;

/** As written in a configuration: one function or a list, run in order. */
export type Hooks = {
  [Name in HookName]?: Hook<HookArguments[Name]> | Hook<HookArguments[Name]>[];
};

/** As normalised: always a list. */
export type HookLists = { readonly [Name in HookName]: readonly Hook<HookArguments[Name]>[] };
