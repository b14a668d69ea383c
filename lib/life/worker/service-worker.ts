// The service worker: a fork that has no listener and accepts nothing, for what one process does
// for all, such as schedules and queues. The app starts that in beforeServiceWorkerReady. It never
// becomes a mold.
import { Channel } from '../../protocol/channel.js';
import type { ServiceInfo } from '../../api/hooks.js';
import { failpoint } from '../process/failpoint.js';
import type { Figures, Order, Report } from '../../protocol/message.js';
import { emptyLatency } from '../../protocol/latency.js';
import { native } from '../../system/native.js';
import { settlesWithin } from '../../base/settles-within.js';
import { unreachable } from '../../base/unreachable.js';
import { mendNewborn } from '../process/after-fork.js';
import { appCounts } from './app-counts.js';
import { Heartbeat } from './heartbeat.js';
import { describeError, exit } from '../process/exit.js';
import { runHooks } from '../../config/run-hooks.js';
import type { Birth, Life } from '../process/birth.js';
import { orphanGraceMs, orphanMarginMs } from '../process/orphan.js';
import { roleSignals } from '../process/role-signals.js';
import { entitleService } from '../process/title.js';
import { trace } from './trace.js';
import { workerState } from '../../api/worker-handle.js';

export async function serviceWorker(life: Life, birth: Birth): Promise<never> {
  const running = new RunningService(life, birth);
  try {
    return await running.run();
  } catch (error) {
    return running.fail(error);
  }
}

class RunningService {
  readonly #life: Life;
  readonly #birth: Birth;
  readonly #channel: Channel<Order, Report>;
  /** Absent until it is ready: before, nothing is lost by leaving at once. */
  #heartbeat: Heartbeat | undefined;
  #leaves = false;

  constructor(life: Life, birth: Birth) {
    this.#life = life;
    this.#birth = birth;
    this.#channel = new Channel(birth.channelFd, {
      message: (order) => this.#obey(order),
      end: () => void this.#end(orphanGraceMs - orphanMarginMs),
    });
    roleSignals.assume({ graceful: () => this.#endAsAsked() });
  }

  get #info(): ServiceInfo {
    return {
      generation: this.#birth.generation,
      phase: this.#life.phase,
      pid: process.pid,
    };
  }

  get #figures(): Figures {
    const eventLoopLagSeconds = this.#heartbeat?.lagSeconds() ?? 0;
    return { requests: 0, inFlight: 0, latency: emptyLatency(), eventLoopLagSeconds };
  }

  async run(): Promise<never> {
    const { settings, phase } = this.#life;
    const { forkId, slot, generation, channelFd } = this.#birth;
    if (forkId !== null) {
      await mendNewborn(this.#life, forkId);
      this.#channel.send({ type: 'born', pid: process.pid });
    }
    entitleService(generation);
    Object.assign(workerState, { slot, generation, phase, shuttingDown: false });
    workerState.requests = () => 0;
    workerState.requestExit = () => this.#endAsAsked();
    // Of the worker that became its mold.
    delete workerState.reportUnsafe;
    delete workerState.extendDeadline;
    await failpoint('service.hook', generation);
    await runHooks(settings, 'beforeServiceWorkerReady', this.#info);
    native.startWatchdog(channelFd);
    this.#heartbeat = new Heartbeat(settings.heartbeatTimeoutMs, () => {
      if (this.#channel.isIdle)
        this.#channel.send({ type: 'heartbeat', figures: this.#figures, urgent: null });
    });
    this.#channel.send({ type: 'serving' });
    return new Promise(() => undefined);
  }

  async fail(error: unknown): Promise<never> {
    this.#channel.send({ type: 'failed', step: 'start', reason: describeError(error) });
    await this.#channel.flushed();
    return exit(1);
  }

  #obey(order: Order): void {
    switch (order.type) {
      case 'drain':
        return this.#endAsAsked();
      case 'announceStop':
        workerState.shuttingDown = true;
        return;
      case 'measure':
        return void this.#measure(order.request);
      case 'trace':
        return this.#channel.send({ type: 'traced', ...trace([]) });
      case 'collectGarbage':
        return native.collectGarbage();
      case 'boot':
      case 'spawn':
      case 'retire':
      case 'promote':
      case 'exercise':
        return; // For others.
      default:
        return unreachable(order);
    }
  }

  async #measure(request: number): Promise<void> {
    this.#channel.send({ type: 'measured', request, metrics: await appCounts(this.#channel) });
  }

  #endAsAsked(): void {
    void this.#end(this.#life.settings.shutdownTimeoutMs);
  }

  async #end(graceMs: number): Promise<void> {
    if (this.#leaves) return;
    this.#leaves = true;
    if (!this.#heartbeat) {
      this.#channel.send({ type: 'dismissed' });
      await this.#channel.flushed();
      return exit(0);
    }
    workerState.shuttingDown = true;
    await this.#finishWork(graceMs);
    const metrics = await appCounts(this.#channel);
    this.#channel.send({ type: 'leaving', figures: this.#figures, metrics, cut: 0 });
    await this.#channel.flushed();
    return exit(0);
  }

  /** The hook's work, that is; one that fails or takes too long is no reason to stay. */
  async #finishWork(graceMs: number): Promise<void> {
    const hook = 'beforeServiceWorkerExit';
    try {
      const hooks = runHooks(this.#life.settings, hook, this.#info);
      if (await settlesWithin(hooks, graceMs)) return;
      this.#complain(`hook ${hook} did not end within ${graceMs} ms`);
    } catch (error) {
      this.#complain(`hook ${hook} failed: ${describeError(error)}`);
    }
  }

  #complain(text: string): void {
    this.#channel.send({ type: 'note', level: 'error', text });
  }
}
