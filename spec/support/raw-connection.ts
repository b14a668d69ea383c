// A client's connection that records its fate: whole answers, an orderly end, or a reset.
import { connect, type Socket } from 'node:net';
import { ResponseReader, type ReadResponse } from './response-reader.js';
import { until } from './until.js';

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export class RawConnection {
  readonly socket: Socket;
  readonly #reader: ResponseReader;
  #answers: ReadResponse[] = [];
  /** The server's way of ending the connection; undefined while it is open. */
  ending: 'FIN' | 'RST' | undefined;

  private constructor(socket: Socket, isHead: boolean) {
    this.socket = socket;
    this.#reader = new ResponseReader(isHead);
    socket.on('data', (chunk) => {
      const answer = this.#reader.push(Buffer.from(chunk));
      if (answer) this.#answers.push(answer);
    });
    socket.on('end', () => (this.ending ??= 'FIN'));
    socket.on('error', () => (this.ending ??= 'RST'));
  }

  /** To a port of 127.0.0.1, or a unix socket. */
  static open(place: number | string, { isHead = false } = {}): Promise<RawConnection> {
    const socket = typeof place === 'number' ? connect(place, '127.0.0.1') : connect(place);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket, isHead));
      });
    });
  }

  /** Sends a request without waiting. */
  send(url: string, { method = 'GET', headers = {}, body }: Ask = {}): void {
    const lines = Object.entries({
      Host: 'localhost',
      ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`);
  }

  async answer(): Promise<ReadResponse> {
    return until('an answer', () => {
      if (this.#answers.length === 0 && this.ending)
        throw new Error(`the connection ended (${this.ending}) without an answer`);
      return this.#answers.shift();
    });
  }

  async ask(url: string, ask: Ask = {}): Promise<ReadResponse> {
    this.send(url, ask);
    return this.answer();
  }

  /** Whether a part of an answer has arrived. */
  get answering(): boolean {
    return this.#reader.begun;
  }

  async ended(): Promise<'FIN' | 'RST'> {
    return until('the connection to end', () => this.ending);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** One request on a connection of its own. */
export async function ask(
  place: number | string,
  url: string,
  what: Ask = {},
): Promise<ReadResponse> {
  const connection = await RawConnection.open(place, { isHead: what.method === 'HEAD' });
  try {
    return await connection.ask(url, what);
  } finally {
    connection.close();
  }
}
