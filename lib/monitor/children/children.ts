// Starts processes and receives their reports, which it passes on through `ChildEvents`. It decides
// nothing.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Channel, type ChannelEvents, type Unread } from '../../protocol/channel.js';
import type { Order, Report } from '../../protocol/message.js';
import { native } from '../../system/native.js';
import { launch } from '../../system/launch.js';
import { childPid, ownChildren, type Pid } from '../../system/own-children.js';
import { processStat } from '../../system/proc/process-stat.js';
import type { Child } from '../fleet/child.js';
import type { Credentials } from '../../system/credentials.js';
import { commandAs } from '../../system/privileges/drop-privileges.js';
import { childRules, type ChildRules } from './rules.js';
import { Witnesses } from './witnesses.js';

export interface ChildEvents {
  report(id: number, report: Report): void;
  hungUp(id: number): void;
  /** It was cut off: `rule` is the one of the protocol that it broke. Comes instead of `hungUp`. */
  broke(id: number, rule: string): void;
  /** A snapshot of its app's metrics was too large, and is lost. */
  lostSnapshot(id: number): void;
  ended(pid: number, code: number | null, signal: string | null): void;
}

export interface ChildrenOptions {
  /** Credentials of the processes; undefined: those of the monitor. */
  readonly credentials: Credentials | undefined;
  /** Default: no input. */
  readonly stdin?: 'inherit' | 'ignore';
  /** The descriptor for their standard output. Default: that of the monitor. */
  readonly stdout?: number;
}

/** Plain data, for the next program of a hot restart. */
export interface HeldChannel {
  readonly id: number;
  readonly fd: number;
  /** The beginning of a message, in base64. */
  readonly unread: string;
  /** The message under way is too long, and its rest is skipped. */
  readonly skipping: boolean;
}

const entry = fileURLToPath(new URL('../../life/main.js', import.meta.url));

/** Modules of --require precede those of --import, wherever these are written. */
const preload = ['--require', fileURLToPath(new URL('../../life/preload.cjs', import.meta.url))];

/** Room for a process title, which cannot outgrow the command line (lib/life/process/title.ts). */
const titleRoom = ' '.repeat(160);

interface Held {
  readonly channel: Channel<Report, Order>;
  readonly rules: ChildRules;
}

const questions: ReadonlySet<Order['type']> = new Set(['measure', 'trace', 'collectGarbage']);

export class Children {
  readonly #channels = new Map<number, Held>();
  readonly #witnesses = new Witnesses();
  /** Fresh processes, which Node reaps itself. */
  readonly #booted = new Set<number>();
  readonly #lastWords = new Map<number, () => void>();
  readonly #events: ChildEvents;
  /** Ended children of unknown origin; one that is still there at the next look is reaped. */
  #strangers: readonly number[] = [];

  readonly #options: ChildrenOptions;

  constructor(events: ChildEvents, options: ChildrenOptions) {
    this.#events = events;
    this.#options = options;
  }

  /** Starts a fresh process; returns its pid. Throws if that is impossible. */
  boot(
    child: Child,
    nodeOptions: readonly string[],
    order: Order,
    listeners: readonly number[],
  ): Pid {
    const { credentials, stdin = 'ignore', stdout = 1 } = this.#options;
    const [ours, theirs] = native.socketPair();
    try {
      const node = [process.execPath, ...preload, ...nodeOptions, entry, titleRoom];
      const [program = '', ...args] = credentials ? commandAs(credentials, node) : node;
      const started = spawn(program, args, {
        stdio: [stdin, stdout, 'inherit', theirs],
        env: launch.environment,
        cwd: launch.directory,
      });
      started.on('error', () => undefined); // reported by the missing pid
      if (started.pid === undefined)
        throw new Error(`cannot start ${program} in ${launch.directory}`);
      const pid = childPid(started.pid);
      if (pid === null) throw new Error('the process that was started is gone');
      this.#booted.add(pid);
      started.once('exit', (code, signal) => {
        this.#booted.delete(pid);
        this.#afterLastWord(child.id, () => this.#events.ended(pid, code, signal));
      });
      this.#open(child.id, ours).channel.sendWithDescriptors(order, listeners);
      return pid;
    } catch (error) {
      native.closeDescriptor(ours);
      throw error;
    } finally {
      native.closeDescriptor(theirs);
    }
  }

  /**
   * Orders a mold to fork `child`. Throws if the mold cannot be reached; then there is no child.
   */
  order(child: Child, mold: Child, listeners: readonly number[]): void {
    const held = this.#channels.get(mold.id);
    if (!held) throw new Error('the mold has no channel');
    const [ours, theirs] = native.socketPair();
    const handed = [theirs];
    try {
      handed.push(this.#witnesses.expect(child.id));
      const order: Order = { type: 'spawn', id: child.id, slot: child.slot };
      held.channel.sendWithDescriptors(order, [...handed, ...listeners]);
      held.rules.ordered(order);
    } catch (error) {
      native.closeDescriptor(ours);
      this.#witnesses.forget(child.id);
      throw error;
    } finally {
      for (const fd of handed) native.closeDescriptor(fd);
    }
    this.#open(child.id, ours);
  }

  /** The pid of a forked child, once, as soon as it has been born; else null. */
  takePid(id: number): Pid | null {
    return this.#witnesses.take(id);
  }

  /** No message is on its way to a child, and every known end has been reported. */
  get areIdle(): boolean {
    const channels = [...this.#channels.values()];
    return this.#lastWords.size === 0 && channels.every(({ channel }) => channel.isIdle);
  }

  /** For the next program of a hot restart; only while `areIdle`. */
  channels(): HeldChannel[] {
    return [...this.#channels].map(([id, { channel }]) => {
      const { fd, unread } = channel.handOver();
      return { id, fd, unread: unread.bytes.toString('base64'), skipping: unread.skipping };
    });
  }

  /** Continues with a channel of the predecessor. Throws if the descriptor is not a channel. */
  adopt({ id, fd, unread, skipping }: HeldChannel): void {
    this.#open(id, fd, { bytes: Buffer.from(unread, 'base64'), skipping });
  }

  /** A question is not put to a child that does not read: it would only pile up. */
  send(id: number, order: Order): void {
    const held = this.#channels.get(id);
    if (!held || (questions.has(order.type) && !held.channel.isIdle)) return;
    held.rules.ordered(order);
    held.channel.send(order);
  }

  /** Closes its channel. */
  forget(id: number): void {
    this.#witnesses.forget(id);
    this.#channels.get(id)?.channel.close();
    this.#closed(id);
  }

  /** Reaps the forked children among `pids` that have ended. */
  reap(pids: readonly number[]): void {
    const forked = pids.filter((pid) => !this.#booted.has(pid));
    for (const { pid, code, signal } of native.reap(forked)) this.#events.ended(pid, code, signal);
  }

  /**
   * Reaps adopted orphans and returns their pids: as process 1 of a container there may be many at
   * once. Node reaps the processes that it started within moments, so a process that is still there
   * at the next look is a stranger.
   */
  reapStrangers(known: readonly number[]): number[] {
    const candidates = endedChildren().filter((pid) => !known.includes(pid));
    const strangers = candidates.filter((pid) => this.#strangers.includes(pid));
    this.#strangers = candidates;
    return native.reap(strangers).map(({ pid }) => pid);
  }

  /** The end of a child may be noticed before its last report has been read. */
  #afterLastWord(id: number, act: () => void): void {
    if (this.#channels.has(id)) this.#lastWords.set(id, act);
    else act();
  }

  #open(id: number, fd: number, unread?: Unread): Held {
    const events: ChannelEvents<Report> = {
      message: (report) => this.#events.report(id, report),
      end: () => {
        this.#channels.delete(id);
        this.#events.hungUp(id);
        this.#closed(id);
      },
      broken: (rule) => {
        this.#channels.delete(id);
        this.#events.broke(id, rule);
        this.#closed(id);
      },
      skipped: () => this.#events.lostSnapshot(id),
    };
    const rules = childRules();
    const held = { rules, channel: new Channel<Report, Order>(fd, rules, events, unread) };
    this.#channels.set(id, held);
    return held;
  }

  /** Nothing more comes from it. */
  #closed(id: number): void {
    this.#channels.delete(id);
    const act = this.#lastWords.get(id);
    this.#lastWords.delete(id);
    act?.();
  }
}

/** Ended children, not reaped yet. waitid(2) reports only one at a time, /proc all of them. */
function endedChildren(): number[] {
  const one = native.peekEndedChild();
  if (one === null) return [];
  try {
    return ownChildren().filter((pid) => processStat(pid).hasEnded);
  } catch {
    return [one]; // A kernel without these files.
  }
}
