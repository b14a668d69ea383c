// Collects a backtrace of every process. Workers are asked; if the event loop of one is blocked,
// its watchdog reports the JavaScript that blocks it, without killing it. Frozen molds run nothing,
// and a starting process cannot answer yet.
import type { Backtrace, ProcessTrace } from '../../control-api/backtrace.js';
import type { Order, Report } from '../../protocol/message.js';
import { forgetStack, markStackRequested, type Child, type ChildState } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { fieldsOf } from '../log/report-lines.js';
import { all } from '../fleet/queries.js';

/** An event loop that is not blocked answers sooner. */
const answerMs = 700;
/** V8 reaches its next interrupt check within this time. */
const stackMs = 700;

type Answer = Extract<Report, { type: 'traced' }>;

export interface BacktraceParts {
  readonly fleet: Fleet;
  readonly send: (id: number, order: Order) => void;
  /** Wakes the child's watchdog. */
  readonly askForStack: (child: Child) => void;
}

export class Backtraces {
  readonly #parts: BacktraceParts;
  readonly #answers = new Map<number, Answer>();
  readonly #open = new Set<number>();
  #current: Promise<Backtrace> | null = null;

  constructor(parts: BacktraceParts) {
    this.#parts = parts;
  }

  /** Resolves within two seconds. Concurrent callers share the result. */
  take(): Promise<Backtrace> {
    return (this.#current ??= this.#take().finally(() => (this.#current = null)));
  }

  hear(child: Child, report: Report): void {
    // Unasked, or too late.
    if (report.type !== 'traced' || !this.#open.delete(child.id)) return;
    this.#answers.set(child.id, report);
  }

  async #take(): Promise<Backtrace> {
    const { fleet, send, askForStack } = this.#parts;
    this.#answers.clear();
    this.#open.clear();
    const stuck = (): Child[] => [...this.#open].flatMap((id) => fleet.get(id) ?? []);
    for (const { id } of all(fleet).filter(canAnswer)) {
      this.#open.add(id);
      send(id, { type: 'trace' });
    }
    await waitFor(() => stuck().length === 0, answerMs);
    for (const child of stuck().filter(canAnswer)) {
      markStackRequested(child, performance.now());
      askForStack(child);
    }
    await waitFor(() => stuck().every(({ stack }) => stack !== null), stackMs);
    const processes = all(fleet).map((child) => this.#describe(child));
    // A later kill of one of them needs a stack of its own.
    for (const child of stuck()) forgetStack(child);
    this.#answers.clear();
    this.#open.clear();
    return { pid: process.pid, processes };
  }

  #describe(child: Child): ProcessTrace {
    const { resources = null, requests = null } = this.#answers.get(child.id) ?? {};
    const { stack } = child;
    const doing = this.#open.has(child.id)
      ? stack === null
        ? 'silent: stopped, or in native code'
        : 'its event loop does not turn'
      : (unasked[child.state] ?? child.state);
    return { ...fieldsOf(child), doing, resources, requests, stack };
  }
}

const unasked: Partial<Record<ChildState, string>> = {
  booting: 'booting: cannot be asked yet',
  starting: 'starting: cannot be asked yet',
  frozen: 'frozen: runs no JavaScript',
};

/** Its watchdog runs, so the signal does not kill it. */
const canAnswer = ({ role, state, hungUpAt }: Child): boolean =>
  role !== 'mold' && ['serving', 'promoting', 'leaving'].includes(state) && hungUpAt === null;

const pollMs = 20;

async function waitFor(condition: () => boolean, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition() && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, pollMs));
}
