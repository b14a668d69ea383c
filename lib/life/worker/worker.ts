// A worker: serves its slot until it is told to leave, or promoted. Resolves only with its
// promotion.
import { Channel } from '../../protocol/channel.js';
import { createEngine } from '../../engines/create.js';
import type { Engine } from '../../engines/engine.js';
import { extendDeadline } from '../../engines/request-deadline.js';
import { failpoint } from '../process/failpoint.js';
import type { HookArguments, HookName, WorkerInfo } from '../../api/hooks.js';
import { OutOfBandGc } from '../../heap/out-of-band.js';
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
import type { Birth, Life, Orders } from '../process/birth.js';
import { orphanGraceMs, orphanMarginMs } from '../process/orphan.js';
import { Listening } from './listening.js';
import { refusals } from './refusals.js';
import { RequestWatch } from './request-watch.js';
import { roleSignals } from '../process/role-signals.js';
import { activityOf, entitleWorker } from '../process/title.js';
import { trace } from './trace.js';
import { workerState } from '../../api/worker-handle.js';

/** How long kept-alive clients may still send a request before idle connections are closed. */
const lingerMs = 1_000;

type SlotBirth = Birth & { readonly slot: number };

export interface Promotion {
  readonly generation: number;
  readonly channel: Orders;
}

export async function worker(life: Life, birth: SlotBirth): Promise<Promotion> {
  const running = new RunningWorker(life, birth);
  try {
    return await running.run();
  } catch (error) {
    return running.fail('start', error);
  }
}

class RunningWorker {
  readonly #life: Life;
  readonly #birth: SlotBirth;
  readonly #channel: Channel<Order, Report>;
  #engine: Engine | undefined;
  #heartbeat: Heartbeat | undefined;
  #requestWatch: RequestWatch | undefined;
  /** Set by the first order to part; there is no way back from either. */
  #parting: 'promotion' | 'end' | null = null;
  #promote: (promotion: Promotion) => void = () => undefined;

  constructor(life: Life, birth: SlotBirth) {
    this.#life = life;
    this.#birth = birth;
    this.#channel = new Channel(birth.channelFd, {
      message: (order) => this.#obey(order),
      end: () => void this.#end('orphan'),
    });
    // Until it serves, nothing is lost by leaving at once.
    roleSignals.assume({ graceful: () => void this.#end('asked') });
  }

  get #info(): WorkerInfo {
    const { slot, generation } = this.#birth;
    const requests = this.#engine?.figures.requests ?? 0;
    return { slot, generation, phase: this.#life.phase, pid: process.pid, requests };
  }

  get #figures(): Figures {
    const { requests = 0, inFlight = 0, latency = emptyLatency() } = this.#engine?.figures ?? {};
    return { requests, inFlight, latency, eventLoopLagSeconds: this.#heartbeat?.lagSeconds() ?? 0 };
  }

  async run(): Promise<Promotion> {
    const { settings, phase } = this.#life;
    const { forkId, slot, generation, listenFds } = this.#birth;
    if (forkId !== null) {
      await mendNewborn(this.#life, forkId);
      this.#channel.send({ type: 'born', pid: process.pid });
    }
    entitleWorker(this.#birth, 'starting...');
    await failpoint('worker.born', generation);
    Object.assign(workerState, { slot, generation, phase, shuttingDown: false });
    workerState.requests = () => this.#engine?.figures.requests ?? 0;
    workerState.requestExit = () => this.#exit();
    workerState.reportUnsafe = (reason) => this.#channel.send({ type: 'unsafe', reason });
    if (workerState.unsafeReason !== null) workerState.reportUnsafe(workerState.unsafeReason);
    await failpoint('worker.hook', generation);
    await runHooks(settings, 'afterWorkerFork', this.#info);
    const engine = await createEngine(settings.engine, {
      app: this.#life.app,
      appFile: settings.app,
      keepAliveTimeoutMs: settings.keepAliveTimeoutMs,
      backlog: Math.max(...settings.listen.map(({ backlog }) => backlog)),
      context: { slot, generation },
      watchRequests: settings.requestTimeoutMs !== false,
      ...this.#completionHook(),
    });
    this.#engine = engine;
    this.#watchRequests(engine);
    native.startWatchdog(this.#birth.channelFd);
    const listening = new Listening(listenFds);
    await engine.listen(listenFds);
    await failpoint('worker.serving', generation);
    const gc = new OutOfBandGc(settings.outOfBandGc);
    this.#heartbeat = new Heartbeat(settings.heartbeatTimeoutMs, () => {
      this.#showActivity(engine);
      gc.beat(engine.figures);
      if (this.#parting === null && !listening.isWhole()) this.#stopAccepting();
      if (!this.#channel.isIdle) return;
      const urgent = this.#requestWatch?.urgent() ?? null;
      this.#channel.send({ type: 'heartbeat', figures: this.#figures, urgent });
    });
    this.#showActivity(engine);
    this.#channel.send({ type: 'serving' });
    void this.#runLogged('afterWorkerReady', this.#info);
    return new Promise((resolve) => (this.#promote = resolve));
  }

  #showActivity(engine: Engine): void {
    entitleWorker(this.#birth, activityOf(engine.figures.requests, engine.running()));
  }

  #watchRequests(engine: Engine): void {
    const { requestTimeoutMs } = this.#life.settings;
    delete workerState.extendDeadline;
    if (requestTimeoutMs === false) return;
    workerState.extendDeadline = extendDeadline;
    this.#requestWatch = new RequestWatch({
      timeoutMs: requestTimeoutMs,
      running: () => engine.running(),
      overran: ({ method, url }, urgent) => {
        const request = { method, url, ageMs: urgent.ageMs };
        void this.#runLogged('afterWorkerTimeout', this.#info, { request });
        this.#channel.send({ type: 'overran', request: urgent });
      },
    });
  }

  #completionHook(): Pick<Parameters<typeof createEngine>[1], 'onRequestComplete'> {
    const hooks = this.#life.settings.hooks.afterRequestComplete;
    if (hooks.length === 0) return {};
    return {
      onRequestComplete: (request) =>
        void this.#runLogged('afterRequestComplete', this.#info, request),
    };
  }

  /** For hooks of a worker that serves: its clients are not to pay for one that fails. */
  async #runLogged<Name extends HookName>(name: Name, ...args: HookArguments[Name]): Promise<void> {
    try {
      await runHooks(this.#life.settings, name, ...args);
    } catch (error) {
      const text = `hook ${name} failed: ${describeError(error)}`;
      this.#channel.send({ type: 'note', level: 'error', text });
    }
  }

  #obey(order: Order): void {
    switch (order.type) {
      case 'measure':
        return void this.#measure(order.request);
      case 'trace':
        return this.#channel.send({ type: 'traced', ...trace(this.#engine?.running() ?? []) });
      case 'collectGarbage':
        return native.collectGarbage();
      case 'exercise':
        return void this.#exercise();
      case 'announceStop':
        workerState.shuttingDown = true;
        return;
      case 'drain':
        return void this.#end('asked');
      case 'promote':
        return void this.#becomeMold(order.generation);
      case 'boot':
      case 'spawn':
      case 'retire':
        return; // A mold's orders.
      default:
        return unreachable(order);
    }
  }

  async #measure(request: number): Promise<void> {
    this.#channel.send({ type: 'measured', request, metrics: await appCounts(this.#channel) });
  }

  /** The app's wish. One that never served has failed to start. */
  #exit(): void {
    if (this.#heartbeat) void this.#end('asked');
    else void this.fail('start', 'the app called worker.exit() before the worker served');
  }

  /** Nobody is served here any more: another worker is to take the place. */
  #stopAccepting(): void {
    const reason = 'the app has closed the sockets to accept from';
    this.#channel.send({ type: 'failed', step: 'listening', reason });
    void this.#end('asked');
  }

  async #exercise(): Promise<void> {
    const { exercised } = await import('./exercised.js');
    this.#channel.send(await exercised(this.#life.settings, () => this.#heartbeat?.stop()));
  }

  /** Finish what is in flight, then leave. Without a monitor there is little time for it. */
  async #end(why: 'asked' | 'orphan'): Promise<void> {
    if (this.#parting === 'end') return;
    const wasPromoting = this.#parting === 'promotion';
    this.#parting = 'end';
    if (wasPromoting) return; // The promotion sees it when it has drained.
    if (!this.#engine || !this.#heartbeat) {
      this.#channel.send({ type: 'dismissed' });
      await this.#channel.flushed();
      return exit(0);
    }
    workerState.shuttingDown = true;
    const patience =
      why === 'asked'
        ? { lingerMs, timeoutMs: this.#life.settings.shutdownTimeoutMs }
        : { lingerMs: 0, timeoutMs: orphanGraceMs - orphanMarginMs };
    await this.#part(await this.#engine.drain(patience));
  }

  async #part(cut: number): Promise<never> {
    await this.#runLogged('beforeWorkerExit', this.#info);
    const metrics = await appCounts(this.#channel);
    this.#channel.send({ type: 'leaving', figures: this.#figures, metrics, cut });
    await this.#channel.flushed();
    return exit(0);
  }

  async #becomeMold(generation: number): Promise<void> {
    const engine = this.#engine;
    if (this.#parting !== null || !engine) return;
    this.#parting = 'promotion';
    if (await this.#refuses()) {
      const toldToEnd = this.#toldToEnd();
      this.#parting = null;
      return toldToEnd ? this.#end('asked') : undefined;
    }
    const { refork, shutdownTimeoutMs } = this.#life.settings;
    let drained: Promise<number> | undefined;
    const drain = () => (drained ??= engine.drain({ lingerMs, timeoutMs: shutdownTimeoutMs }));
    try {
      await failpoint('promote.ordered', generation);
      const draining = drain();
      await failpoint('promote.draining', generation);
      if (!(await settlesWithin(draining, refork.drainTimeoutMs))) {
        const { inFlight } = engine.figures;
        const reason = `${inFlight} requests did not end within ${refork.drainTimeoutMs} ms`;
        this.#channel.send({ type: 'failed', step: 'drain', reason });
        this.#parting = 'end';
        return void (await this.#part(await draining));
      }
      // Told to end meanwhile: the drain is done, so all that is left is to go.
      if (this.#toldToEnd()) return void (await this.#part(0));
      await failpoint('promote.drained', generation);
      this.#heartbeat?.stop();
      this.#requestWatch?.stop();
      native.stopWatchdog();
      const metrics = await appCounts(this.#channel);
      this.#channel.send({ type: 'drained', figures: this.#figures, metrics });
      await this.#channel.flushed();
      if (this.#toldToEnd()) return exit(0);
      this.#promote({ generation, channel: this.#channel.detach() });
    } catch (error) {
      // It cannot become a mold, but its clients still get their answers.
      this.#channel.send({ type: 'failed', step: 'promotion', reason: describeError(error) });
      this.#parting = 'end';
      await this.#part(await drain());
    }
  }

  async #refuses(): Promise<boolean> {
    const findings = await refusals(this.#life.settings);
    if (findings.length > 0) this.#channel.send({ type: 'refused', findings, leaves: false });
    return findings.length > 0;
  }

  /** A function, since the compiler cannot know that an order may change it during an await. */
  #toldToEnd(): boolean {
    return this.#parting === 'end';
  }

  async fail(step: string, error: unknown): Promise<never> {
    this.#channel.send({ type: 'failed', step, reason: describeError(error) });
    await this.#channel.flushed();
    return exit(1);
  }
}
