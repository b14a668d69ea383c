// A worker, from its birth to its exit or its promotion to a mold. While it starts it can be
// dismissed at once; once it serves it drains first: it answers the requests in flight, then exits
// with its totals.
import { unreachable } from '../../base/unreachable.js';
import { UserError } from '../../base/user-error.js';
import type { CompletedRequest, HookArguments, HookName, WorkerInfo } from '../../api/hooks.js';
import { runHooks } from '../../config/run-hooks.js';
import { createEngine } from '../../engines/create.js';
import type { Engine, EngineOptions } from '../../engines/engine.js';
import { nameRequests, type InFlightRequest } from '../../engines/in-flight-request.js';
import { Channel, orders, type ChannelEvents } from '../../protocol/channel.js';
import { textLength, truncated } from '../../protocol/limits.js';
import type { Order, Report, RequestDeadline } from '../../protocol/message.js';
import { workerState } from '../../api/worker-handle.js';
import type { Life } from '../process/birth.js';
import { failpoint } from '../process/failpoint.js';
import { roleSignals } from '../process/role-signals.js';
import { entitleWorker } from '../process/title.js';
import { uncaughtErrors } from '../process/uncaught-errors.js';
import { fillHandle, reportBirth } from './common/first-steps.js';
import { abort, exitUnserved, exitWithTotals } from './common/exits.js';
import { runLogged } from './common/logged-hooks.js';
import { obeyCommon, type WorkerChannel } from './common/orders.js';
import { promote, type Promotion } from './promotion.js';
import { Serving, type SlotBirth } from './serving.js';

/** There is no way back from 'exiting'; from 'promoting' there is, if the audit refuses. */
type State = 'starting' | 'serving' | 'promoting' | 'exiting';

/** Resolves only with the worker's promotion. */
export async function worker(life: Life, birth: SlotBirth): Promise<Promotion> {
  const running = new Worker(life, birth);
  try {
    await running.start();
  } catch (error) {
    return running.abort(error);
  }
  return running.promoted;
}

class Worker {
  readonly #life: Life;
  readonly #birth: SlotBirth;
  readonly #channel: WorkerChannel;
  readonly promoted: Promise<Promotion>;
  #resolvePromoted: (promotion: Promotion) => void = () => undefined;
  #state: State = 'starting';
  #engine: Engine | undefined;
  #serving: Serving | undefined;
  /** Calls of afterRequestComplete that have not settled. */
  #hooksUnderWay = 0;

  constructor(life: Life, birth: SlotBirth) {
    this.#life = life;
    this.#birth = birth;
    this.promoted = new Promise((resolve) => (this.#resolvePromoted = resolve));
    const events: ChannelEvents<Order> = {
      message: (order) => this.#obey(order),
      end: () => void this.#drain('orphaned'),
    };
    this.#channel = new Channel<Order, Report>(birth.channelFd, orders(), events, birth.unread);
    uncaughtErrors.reportTo((report) => this.#channel.sendWithDescriptors(report, []));
    roleSignals.assume({ graceful: () => void this.#drain('ordered') });
  }

  /** Resolves when the worker serves. */
  async start(): Promise<void> {
    const { settings } = this.#life;
    const { generation } = this.#birth;
    await reportBirth(this.#life, this.#birth, this.#channel);
    entitleWorker(this.#birth, 'starting...');
    await failpoint('worker.born', generation);
    fillHandle(this.#life, this.#birth, {
      requests: () => this.#info.requests,
      requestExit: () => this.#exitForApp(),
      reportUnsafe: (reason) =>
        this.#channel.send({ type: 'unsafe', reason: truncated(reason, textLength.line) }),
    });
    await failpoint('worker.hook', generation);
    await runHooks(settings, 'afterWorkerFork', this.#info);
    const engine = await createEngine(settings.engine, this.#engineOptions());
    this.#engine = engine;
    this.#serving = await Serving.begin({
      life: this.#life,
      birth: this.#birth,
      channel: this.#channel,
      engine,
      onOverrun: (request, deadline) => this.#reportOverrun(request, deadline),
      onCut: (requests, reason) => this.#reportCut(requests, reason),
      onSocketClosed: () => this.#drainUnreachable(),
    });
    if (this.#state === 'starting') this.#state = 'serving';
    this.#channel.send({ type: 'serving' });
    void this.#runLogged('afterWorkerReady', this.#info);
  }

  #engineOptions(): EngineOptions {
    const { app, settings } = this.#life;
    const { slot, generation } = this.#birth;
    return {
      app,
      appFile: settings.app,
      keepAliveTimeoutMs: settings.keepAliveTimeoutMs,
      backlog: Math.max(...settings.listen.map(({ backlog }) => backlog)),
      context: { slot, generation },
      watchRequests: settings.requestTimeoutMs !== false,
      ...(settings.hooks.afterRequestComplete.length > 0 && {
        onRequestComplete: (request: CompletedRequest) => void this.#runAfter(request),
      }),
    };
  }

  readonly #isBusy = (): boolean => this.#hooksUnderWay > 0;

  async #runAfter(request: CompletedRequest): Promise<void> {
    this.#hooksUnderWay++;
    await this.#runLogged('afterRequestComplete', this.#info, request);
    this.#hooksUnderWay--;
  }

  #reportCut(requests: readonly InFlightRequest[], reason: string): void {
    const text = 'cutting requests';
    const named = `${nameRequests(requests)}: ${reason}`;
    this.#channel.send({ type: 'note', level: 'warn', text, reason: named, stack: null });
  }

  #reportOverrun({ method, url }: InFlightRequest, deadline: RequestDeadline): void {
    const request = { method, url, ageMs: deadline.ageMs };
    void this.#runLogged('afterWorkerTimeout', this.#info, { request });
    this.#channel.send({ type: 'overran', request: deadline });
  }

  #obey(order: Order): void {
    switch (order.type) {
      case 'promote':
        return void this.#promote(order.generation);
      case 'drain':
        return void this.#drain('ordered');
      case 'exercise':
        return void this.#exercise();
      default:
        return obeyCommon(order, this.#channel, () => this.#engine?.running() ?? []);
    }
  }

  async #promote(generation: number): Promise<void> {
    const serving = this.#serving;
    if (this.#state !== 'serving' || !serving) return;
    this.#state = 'promoting';
    const outcome = await promote(
      {
        settings: this.#life.settings,
        channel: this.#channel,
        serving,
        isBusy: this.#isBusy,
        isToExit: () => this.#isExiting,
      },
      generation,
    );
    switch (outcome.type) {
      case 'promoted':
        return this.#resolvePromoted(outcome.promotion);
      case 'drained':
        this.#state = 'exiting';
        return this.#exit(serving, outcome.cut);
      case 'refused': {
        const orderedMeanwhile = this.#isExiting;
        this.#state = 'serving';
        return orderedMeanwhile ? this.#drain('ordered') : undefined;
      }
      default:
        return unreachable(outcome);
    }
  }

  async #drain(why: 'ordered' | 'orphaned'): Promise<void> {
    const from = this.#state;
    this.#state = 'exiting';
    // A promotion notices the new state when it has drained.
    if (from === 'exiting' || from === 'promoting') return;
    if (from === 'starting' || !this.#serving) return exitUnserved(this.#channel);
    workerState.shuttingDown = true;
    await this.#exit(this.#serving, await this.#serving.drain(why));
  }

  /** The last step, after the last client. */
  async #exit(serving: Serving, cut: number): Promise<never> {
    await this.#runLogged('beforeWorkerExit', this.#info);
    return exitWithTotals(this.#channel, {
      figures: () => serving.figures(),
      cut,
      timeLeftMs: serving.timeLeftMs,
      isBusy: this.#isBusy,
    });
  }

  /** Ends a start that failed. */
  abort(error: unknown): Promise<never> {
    return abort(this.#channel, error);
  }

  /** On the app's call of `worker.exit()`. A worker that never served has failed to start. */
  #exitForApp(): void {
    if (this.#state !== 'starting') void this.#drain('ordered');
    else void this.abort(new UserError('the app called worker.exit() before the worker served'));
  }

  /** Clients can no longer reach this worker: another one must take over its slot. */
  #drainUnreachable(): void {
    if (this.#state !== 'serving') return;
    const reason = 'the app has closed the sockets to accept from';
    this.#channel.send({ type: 'failed', step: 'listening', reason, stack: null });
    void this.#drain('ordered');
  }

  async #exercise(): Promise<void> {
    const { exercised } = await import('./exercised.js');
    this.#channel.send(await exercised());
  }

  #runLogged<Name extends HookName>(name: Name, ...args: HookArguments[Name]): Promise<void> {
    const { settings } = this.#life;
    return runLogged({ settings, channel: this.#channel }, name, ...args);
  }

  get #info(): WorkerInfo {
    const { slot, generation } = this.#birth;
    const requests = this.#engine?.figures.requests ?? 0;
    return { slot, generation, phase: this.#life.phase, pid: process.pid, requests };
  }

  /** A getter, since the compiler ignores that an order may change the state during an await. */
  get #isExiting(): boolean {
    return this.#state === 'exiting';
  }
}
