// A worker's engine on the sockets of its slot, and everything that watches it: the heartbeat, the
// watchdog of the event loop, the request timeouts.
import { workerState } from '../../api/worker-handle.js';
import type { Engine } from '../../engines/engine.js';
import {
  extendDeadline,
  nameRequests,
  type InFlightRequest,
} from '../../engines/in-flight-request.js';
import { OutOfBandGc } from '../../heap/out-of-band.js';
import type { Figures, RequestDeadline } from '../../protocol/message.js';
import { native } from '../../system/native.js';
import type { Birth, Life } from '../process/birth.js';
import { failpoint } from '../process/failpoint.js';
import { orphanGraceMs, orphanMarginMs } from '../process/orphan.js';
import { activityOf, entitleWorker } from '../process/title.js';
import { Heartbeat } from './common/heartbeat.js';
import { Listening } from './listening.js';
import type { WorkerChannel } from './common/orders.js';
import { RequestTimeout } from './request-timeout.js';

/** The time for kept-alive clients to send a last request before idle connections are closed. */
const lingerMs = 1_000;

/** For requests that hold up a drain. */
const remedy = (option: string): string =>
  `end long responses once worker.shuttingDown is true, or raise ${option}`;

export type SlotBirth = Birth & { readonly slot: number };

export interface ServingOptions {
  readonly life: Life;
  readonly birth: SlotBirth;
  readonly channel: WorkerChannel;
  readonly engine: Engine;
  /** Called once, with the first request that exceeded `requestTimeout`. */
  readonly onOverrun: (request: InFlightRequest, deadline: RequestDeadline) => void;
  /** Called with requests that are about to be cut, and the reason in words. */
  readonly onCut: (requests: readonly InFlightRequest[], reason: string) => void;
  /** Called with each heartbeat after the app has closed a listening socket of this worker. */
  readonly onSocketClosed: () => void;
}

export class Serving {
  readonly #options: ServingOptions;
  readonly #requestWatch: RequestTimeout | undefined;
  #heartbeat: Heartbeat | undefined;
  #drainDeadline = Infinity;

  /** Resolves as soon as the worker accepts connections. */
  static async begin(options: ServingOptions): Promise<Serving> {
    const serving = new Serving(options);
    await serving.#listen();
    return serving;
  }

  private constructor(options: ServingOptions) {
    this.#options = options;
    const { life, engine, onOverrun, onCut } = options;
    const { requestTimeoutMs, cleanupTimeoutMs } = life.settings;
    if (requestTimeoutMs === false) return;
    workerState.extendDeadline = extendDeadline;
    const reason =
      'did not end within requestTimeout and cleanupTimeout ' +
      `(${requestTimeoutMs} + ${cleanupTimeoutMs} ms)`;
    this.#requestWatch = new RequestTimeout({
      timeoutMs: requestTimeoutMs,
      cleanupTimeoutMs,
      running: () => engine.running(),
      overran: onOverrun,
      cutting: (requests) => onCut(requests, reason),
    });
  }

  async #listen(): Promise<void> {
    const { life, birth, engine } = this.#options;
    const { outOfBandGc, heartbeatTimeoutMs } = life.settings;
    native.startWatchdog(birth.channelFd);
    const listening = new Listening(birth.listenFds);
    await engine.listen(birth.listenFds);
    await failpoint('worker.serving', birth.generation);
    const gc = new OutOfBandGc(outOfBandGc);
    this.#heartbeat = new Heartbeat(heartbeatTimeoutMs, () => this.#beat(gc, listening));
    this.#showActivity();
  }

  #beat(gc: OutOfBandGc, listening: Listening): void {
    const { channel, engine, onSocketClosed } = this.#options;
    this.#showActivity();
    gc.beat(engine.figures);
    if (!listening.isWhole()) onSocketClosed();
    if (!channel.isIdle) return;
    const urgent = this.#requestWatch?.urgent() ?? null;
    channel.send({ type: 'heartbeat', figures: this.figures(), urgent });
  }

  #showActivity(): void {
    const { birth, engine } = this.#options;
    entitleWorker(birth, activityOf(engine.figures.requests, engine.running()));
  }

  /** Also begins a new measurement of the event loop's delay. */
  figures(): Figures {
    const { requests, inFlight, latency } = this.#options.engine.figures;
    return { requests, inFlight, latency, eventLoopLagSeconds: this.#heartbeat?.lagSeconds() ?? 0 };
  }

  /** The reason why a drain failed: the requests that it waited for, and the remedy. */
  describeOverrun(option: string, ms: number): string {
    const { engine } = this.#options;
    const { inFlight } = engine.figures;
    // With engine 'uws' a request has ended when its response is complete, delivered or not.
    if (inFlight === 0) return `responses were not read by their clients within ${ms} ms`;
    const subject = inFlight === 1 ? '1 request' : `${inFlight} requests`;
    const names = nameRequests(engine.running());
    return `${subject} did not end within ${ms} ms (${names}): ${remedy(option)}`;
  }

  /**
   * Resolves with the number of cut requests. Without a monitor there is little time. `softMs` is a
   * shorter timeout of the caller's, which the linger must not use up either.
   */
  drain(why: 'ordered' | 'orphaned', softMs = Infinity): Promise<number> {
    const { engine, life, onCut } = this.#options;
    const { shutdownTimeoutMs } = life.settings;
    const timeoutMs = why === 'ordered' ? shutdownTimeoutMs : orphanGraceMs - orphanMarginMs;
    this.#drainDeadline = performance.now() + timeoutMs;
    return engine.drain({
      lingerMs: why === 'ordered' ? Math.min(lingerMs, softMs / 2, timeoutMs / 2) : 0,
      timeoutMs,
      onCut: (requests) =>
        onCut(requests, `did not end within ${timeoutMs} ms: ${remedy('shutdownTimeout')}`),
    });
  }

  /** The part of the drain's time that is left. */
  get timeLeftMs(): number {
    return Math.max(0, this.#drainDeadline - performance.now());
  }

  /** Leaves nothing of it in the mold that this worker becomes. */
  stopWatching(): void {
    this.#heartbeat?.stop();
    this.#requestWatch?.stop();
    native.stopWatchdog();
  }
}
