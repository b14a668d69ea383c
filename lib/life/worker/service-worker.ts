// The service worker: a fork without listening sockets, for work that one process does on behalf of
// all, such as schedules and queues. The app starts that work in beforeServiceWorkerReady. It never
// becomes a mold.
import { settlesWithin } from '../../base/settles-within.js';
import type { ServiceInfo } from '../../api/hooks.js';
import { workerState } from '../../api/worker-handle.js';
import { runHooks } from '../../config/run-hooks.js';
import { Channel, orders, type ChannelEvents } from '../../protocol/channel.js';
import { emptyLatency } from '../../protocol/latency.js';
import type { Figures, Order, Report } from '../../protocol/message.js';
import { native } from '../../system/native.js';
import type { Birth, Life } from '../process/birth.js';
import { failpoint } from '../process/failpoint.js';
import { orphanGraceMs, orphanMarginMs } from '../process/orphan.js';
import { roleSignals } from '../process/role-signals.js';
import { entitleService } from '../process/title.js';
import { uncaughtErrors } from '../process/uncaught-errors.js';
import { fillHandle, reportBirth } from './common/first-steps.js';
import { abort, exitUnserved, exitWithTotals } from './common/exits.js';
import { Heartbeat } from './common/heartbeat.js';
import { runLogged } from './common/logged-hooks.js';
import { obeyCommon, type WorkerChannel } from './common/orders.js';

type State = 'starting' | 'serving' | 'exiting';

export async function serviceWorker(life: Life, birth: Birth): Promise<never> {
  const running = new ServiceWorker(life, birth);
  try {
    await running.start();
  } catch (error) {
    return running.abort(error);
  }
  return new Promise(() => undefined);
}

class ServiceWorker {
  readonly #life: Life;
  readonly #birth: Birth;
  readonly #channel: WorkerChannel;
  #state: State = 'starting';
  #heartbeat: Heartbeat | undefined;

  constructor(life: Life, birth: Birth) {
    this.#life = life;
    this.#birth = birth;
    const events: ChannelEvents<Order> = {
      message: (order) => this.#obey(order),
      end: () => void this.#drain(orphanGraceMs - orphanMarginMs),
    };
    this.#channel = new Channel<Order, Report>(birth.channelFd, orders(), events, birth.unread);
    uncaughtErrors.reportTo((report) => this.#channel.sendWithDescriptors(report, []));
    roleSignals.assume({ graceful: () => this.#drainAsOrdered() });
  }

  /** Resolves when the app has started its work. */
  async start(): Promise<void> {
    const { settings } = this.#life;
    const { generation, channelFd } = this.#birth;
    await reportBirth(this.#life, this.#birth, this.#channel);
    entitleService(generation);
    fillHandle(this.#life, this.#birth, {
      requests: () => 0,
      requestExit: () => this.#drainAsOrdered(),
    });
    await failpoint('service.hook', generation);
    await runHooks(settings, 'beforeServiceWorkerReady', this.#info);
    native.startWatchdog(channelFd);
    this.#heartbeat = new Heartbeat(settings.heartbeatTimeoutMs, () => this.#beat());
    if (this.#state === 'starting') this.#state = 'serving';
    this.#channel.send({ type: 'serving' });
  }

  #beat(): void {
    if (!this.#channel.isIdle) return;
    this.#channel.send({ type: 'heartbeat', figures: this.#figures(), urgent: null });
  }

  #obey(order: Order): void {
    if (order.type === 'drain') this.#drainAsOrdered();
    else obeyCommon(order, this.#channel, () => []);
  }

  #drainAsOrdered(): void {
    void this.#drain(this.#life.settings.shutdownTimeoutMs);
  }

  async #drain(graceMs: number): Promise<void> {
    const from = this.#state;
    this.#state = 'exiting';
    if (from === 'exiting') return;
    if (from === 'starting') return exitUnserved(this.#channel);
    workerState.shuttingDown = true;
    const deadline = performance.now() + graceMs;
    await this.#finishWork(graceMs);
    await exitWithTotals(this.#channel, {
      figures: () => this.#figures(),
      cut: 0,
      timeLeftMs: deadline - performance.now(),
    });
  }

  /** A hook that fails or takes too long does not prevent the exit. */
  async #finishWork(graceMs: number): Promise<void> {
    const { settings } = this.#life;
    const hook = 'beforeServiceWorkerExit';
    const hooks = runLogged({ settings, channel: this.#channel }, hook, this.#info);
    if (await settlesWithin(hooks, graceMs)) return;
    const text = `hook ${hook} did not end within ${graceMs} ms`;
    this.#channel.send({ type: 'note', level: 'error', text, stack: null });
  }

  /** Ends a start that failed. */
  abort(error: unknown): Promise<never> {
    return abort(this.#channel, error);
  }

  get #info(): ServiceInfo {
    return { generation: this.#birth.generation, phase: this.#life.phase, pid: process.pid };
  }

  #figures(): Figures {
    const eventLoopLagSeconds = this.#heartbeat?.lagSeconds() ?? 0;
    return { requests: 0, inFlight: 0, latency: emptyLatency(), eventLoopLagSeconds };
  }
}
