// Messages as lines of JSON over a unix stream socket: a channel on the event loop for the monitor
// and workers, and a blocking one for a frozen mold. Only the monitor sends descriptors, each with
// the message that needs it.
import { Socket } from 'node:net';
import { native } from '../system/native.js';

/** The channel's descriptor in a booted process: the first one after stdio. */
export const bootChannelFd = 3;

/**
 * Longer than any message (the metrics of a large app are a few hundred KiB); a peer that exceeds
 * it is broken.
 */
const maxLineBytes = 64 * 1024 * 1024;

/** Splits a stream of bytes into lines. */
class Lines {
  #parts: Buffer[] = [];
  #bytes = 0;

  /** The beginning of a line whose end has not arrived yet. */
  get rest(): Buffer {
    return Buffer.concat(this.#parts);
  }

  push(data: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end; (end = data.indexOf(10, start)) >= 0; start = end + 1) {
      this.#parts.push(data.subarray(start, end));
      lines.push(Buffer.concat(this.#parts).toString());
      this.#parts = [];
      this.#bytes = 0;
    }
    if (start < data.length) {
      this.#parts.push(data.subarray(start));
      this.#bytes += data.length - start;
      if (this.#bytes > maxLineBytes) throw new Error('a message on the channel is too long');
    }
    return lines;
  }
}

const encode = (message: object): string => JSON.stringify(message) + '\n';

export interface ChannelEvents<In> {
  message(message: In): void;
  /** The peer is gone, or this side can no longer be read. Called once. */
  end(): void;
}

export class Channel<In extends object, Out extends object> {
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #lines = new Lines();
  #open = true;

  /** Owns `fd` from now on. `unread`, already received on it, is delivered first. */
  constructor(fd: number, events: ChannelEvents<In>, unread: Buffer = Buffer.alloc(0)) {
    this.#fd = fd;
    this.#socket = new Socket({ fd, readable: true, writable: true });
    const lines = this.#lines;
    for (const line of lines.push(unread))
      queueMicrotask(() => {
        if (this.#open) events.message(JSON.parse(line) as In);
      });
    const end = () => {
      if (!this.#open) return;
      this.close();
      events.end();
    };
    this.#socket.on('data', (data: Buffer) => {
      for (const line of lines.push(data)) if (this.#open) events.message(JSON.parse(line) as In);
    });
    // An error is always followed by close, and means nothing more than that the peer is gone.
    this.#socket.on('error', end);
    this.#socket.on('end', end);
    this.#socket.on('close', end);
  }

  /** False while the peer does not read: messages that are not urgent should wait. */
  get isIdle(): boolean {
    return this.#open && this.#socket.writableLength === 0;
  }

  send(message: Out): void {
    if (this.#open) this.#socket.write(encode(message));
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
  handOver(): { readonly fd: number; readonly unread: Buffer } {
    return { fd: this.#fd, unread: this.#lines.rest };
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
  readonly #lines = new Lines();
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
      const lines = this.#lines.push(Buffer.from(received.data));
      for (const [index, line] of lines.entries())
        this.#ready.push({
          message: JSON.parse(line) as In,
          fds: index === lines.length - 1 ? received.fds : [],
        });
    }
    return this.#ready.shift();
  }

  /** Received but not delivered yet: for a `Channel` that continues on this descriptor. */
  get unread(): Buffer {
    const messages = this.#ready.map(({ message }) => encode(message)).join('');
    return Buffer.concat([Buffer.from(messages), this.#lines.rest]);
  }

  send(message: Out): void {
    native.send(this.fd, encode(message), []);
  }

  close(): void {
    native.closeDescriptor(this.fd);
  }
}
