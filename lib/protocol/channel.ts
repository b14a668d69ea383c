// Messages as lines of JSON over a unix stream socket: a channel on the event loop for the monitor
// and workers, and a blocking one for a frozen mold. Only the monitor sends descriptors, each with
// the message that needs it.
import { Socket } from 'node:net';
import { native } from '../system/native.js';
import { Breach, Lines, type LinesOptions } from './lines.js';

/** The channel's descriptor in a booted process: the first one after stdio. */
export const bootChannelFd = 3;

/** Longer than any order: the longest, `boot`, has the overrides of the command line. */
const orderBytes = 4 * 1024 * 1024;

const encode = (message: object): string => JSON.stringify(message) + '\n';

/** The rules for the peer. Each function throws a Breach, which ends the channel. */
export interface Rules<In> {
  readonly lines: LinesOptions;
  readonly parse: (line: string) => In;
  /** Called with the number of bytes that arrive, before they are looked at. */
  readonly admit?: (bytes: number) => void;
  /** The most bytes of ours that it may leave unread in this process; the kernel holds as many. */
  readonly mostUnread?: number;
}

/** The monitor's orders: it is trusted. */
export function orders<In extends object>(): Rules<In> {
  const limit = { bytes: orderBytes, beyond: 'breach' } as const;
  return {
    lines: { startBytes: 1, limitOf: () => limit },
    parse: (line) => JSON.parse(line) as In,
  };
}

export interface ChannelEvents<In> {
  message(message: In): void;
  /** The peer is gone, or this side can no longer be read. Called once. */
  end(): void;
  /** The peer broke a rule, and the channel is closed. Called once, instead of `end`. */
  broken?(rule: string): void;
  /** Messages of the peer were skipped, because they were too long. */
  skipped?(): void;
}

/** Received, but no message yet. */
export interface Unread {
  readonly bytes: Buffer;
  /** They continue a line that is skipped. */
  readonly skipping: boolean;
}

export const nothingUnread: Unread = { bytes: Buffer.alloc(0), skipping: false };

export class Channel<In extends object, Out extends object> {
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #rules: Rules<In>;
  readonly #events: ChannelEvents<In>;
  readonly #lines: Lines;
  #open = true;

  /** Owns `fd` from now on. `unread`, already received on it, is delivered first. */
  constructor(fd: number, rules: Rules<In>, events: ChannelEvents<In>, unread = nothingUnread) {
    this.#fd = fd;
    this.#rules = rules;
    this.#events = events;
    this.#lines = new Lines(rules.lines, unread.skipping);
    // Its reads carry no control data: the kernel closes descriptors that were sent along.
    this.#socket = new Socket({ fd, readable: true, writable: true });
    if (unread.bytes.length > 0) queueMicrotask(() => this.#receive(unread.bytes));
    const end = () => {
      if (!this.#open) return;
      this.close();
      events.end();
    };
    this.#socket.on('data', (data: Buffer) => this.#receive(data));
    // An error is always followed by close, and means nothing more than that the peer is gone.
    this.#socket.on('error', end);
    this.#socket.on('end', end);
    this.#socket.on('close', end);
  }

  #receive(data: Buffer): void {
    if (!this.#open) return;
    try {
      this.#rules.admit?.(data.length);
      for (const line of this.#lines.push(data)) {
        this.#events.message(this.#rules.parse(line));
        if (this.#isClosed) return; // By the consequences of that message.
      }
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      this.#break(error.message);
    }
    if (this.#lines.takeSkipped() > 0) this.#events.skipped?.();
  }

  #break(rule: string): void {
    if (!this.#open) return;
    this.close();
    if (this.#events.broken) this.#events.broken(rule);
    else this.#events.end();
  }

  /** A getter, since the compiler ignores that a call may close the channel. */
  get #isClosed(): boolean {
    return !this.#open;
  }

  /** False while the peer does not read: messages that are not urgent should wait. */
  get isIdle(): boolean {
    return this.#open && this.#socket.writableLength === 0;
  }

  send(message: Out): void {
    if (!this.#open) return;
    const { mostUnread = Infinity } = this.#rules;
    if (this.#socket.writableLength <= mostUnread) this.#socket.write(encode(message));
    else queueMicrotask(() => this.#break('it does not read its orders'));
  }

  /**
   * Throws EAGAIN if the peer does not read, EPIPE if it is gone. The caller keeps its descriptors.
   */
  sendWithDescriptors(message: Out, fds: readonly number[]): void {
    if (!this.#open) throw new Error('EPIPE: the channel is closed');
    if (this.#socket.writableLength > 0) throw new Error('EAGAIN: the channel is not read');
    native.send(this.#fd, encode(message), [...fds]);
  }

  /** For the next program of this process, which continues with it. Only while idle. */
  handOver(): { readonly fd: number; readonly unread: Unread } {
    const { rest: bytes, skipping } = this.#lines;
    return { fd: this.#fd, unread: { bytes, skipping } };
  }

  /** Resolves when the kernel has taken everything that was sent, or the peer is gone. */
  async flushed(): Promise<void> {
    if (this.#open && this.#socket.writableLength > 0)
      await new Promise<void>((resolve) => {
        this.#socket.once('drain', resolve);
        this.#socket.once('close', () => resolve());
      });
  }

  /** Takes the socket off the event loop, for a process that is about to block on it. */
  detach(): BlockingChannel<In, Out> {
    const fd = native.duplicateDescriptor(this.#fd);
    this.close();
    return new BlockingChannel(fd);
  }

  close(): void {
    this.#open = false;
    this.#socket.destroy();
  }
}

/** A received message with its descriptors. */
export interface Delivery<In> {
  readonly message: In;
  readonly fds: readonly number[];
}

export class BlockingChannel<In extends object, Out extends object> {
  readonly #rules = orders<In>();
  readonly #lines = new Lines(this.#rules.lines);
  readonly #ready: Delivery<In>[] = [];

  constructor(readonly fd: number) {}

  /**
   * The descriptors of this channel: its own, and those received but not delivered yet.
   */
  get fds(): number[] {
    return [this.fd, ...this.#ready.flatMap(({ fds }) => fds)];
  }

  /**
   * Blocks the whole process. Returns undefined if a signal interrupted the wait, null if the peer
   * is gone.
   */
  receive(): Delivery<In> | null | undefined {
    while (this.#ready.length === 0) {
      const received = native.receive(this.fd);
      if (received === null || received === undefined) return received;
      const lines = [...this.#lines.push(received.data)];
      for (const [index, line] of lines.entries())
        this.#ready.push({
          message: this.#rules.parse(line),
          fds: index === lines.length - 1 ? received.fds : [],
        });
    }
    return this.#ready.shift();
  }

  /** Received but not delivered yet: for a `Channel` that continues on this descriptor. */
  get unread(): Unread {
    const messages = this.#ready.map(({ message }) => encode(message)).join('');
    const { rest, skipping } = this.#lines;
    return { bytes: Buffer.concat([Buffer.from(messages), rest]), skipping };
  }

  send(message: Out): void {
    native.send(this.fd, encode(message), []);
  }

  close(): void {
    native.closeDescriptor(this.fd);
  }
}
