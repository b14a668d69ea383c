// A worker's engine on the sockets of its slot, and everything that watches it: the heartbeat, the
// watchdog of the event loop, the request timeouts.
import { workerState } from '../../api/worker-handle.js';
import type { Engine } from '../../engines/engine.js';
import type { InFlightRequest } from '../../engines/in-flight-request.js';
import { extendDeadline } from '../../engines/deadline-extension.js';
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

export type SlotBirth = Birth & { readonly slot: number };

export interface ServingOptions {
  readonly life: Life;
  readonly birth: SlotBirth;
  readonly channel: WorkerChannel;
  readonly engine: Engine;
  /** Called once, with the first request that exceeded `requestTimeout`. */
  readonly onOverrun: (request: InFlightRequest, deadline: RequestDeadline) => void;
  /** Called with each heartbeat after the app has closed a listening socket of this worker. */
  readonly onSocketClosed: () => void;
}

export class Serving {
  readonly #options: ServingOptions;
  readonly #requestWatch: RequestTimeout | undefined;
  #heartbeat: Heartbeat | undefined;

  /** Resolves as soon as the worker accepts connections. */
  static async begin(options: ServingOptions): Promise<Serving> {
    const serving = new Serving(options);
    await serving.#listen();
    return serving;
  }

  private constructor(options: ServingOptions) {
    this.#options = options;
    const { life, engine, onOverrun } = options;
    const { requestTimeoutMs } = life.settings;
    if (requestTimeoutMs === false) return;
    workerState.extendDeadline = extendDeadline;
    this.#requestWatch = new RequestTimeout({
      timeoutMs: requestTimeoutMs,
      running: () => engine.running(),
      overran: onOverrun,
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

  get inFlight(): number {
    return this.#options.engine.figures.inFlight;
  }

  /** Resolves with the number of cut requests. Without a monitor there is little time. */
  drain(why: 'ordered' | 'orphaned'): Promise<number> {
    const { engine, life } = this.#options;
    return engine.drain(
      why === 'ordered'
        ? { lingerMs, timeoutMs: life.settings.shutdownTimeoutMs }
        : { lingerMs: 0, timeoutMs: orphanGraceMs - orphanMarginMs },
    );
  }

  stopHeartbeat(): void {
    this.#heartbeat?.stop();
  }

  /** Leaves nothing of it in the mold that this worker becomes. */
  stopWatching(): void {
    this.stopHeartbeat();
    this.#requestWatch?.stop();
    native.stopWatchdog();
  }
}
