// Turns a Web-standard fetch handler into a route of uWebSockets.js. Bodies stream both ways, with
// backpressure: a slow reader slows down the writer instead of filling memory.
import { STATUS_CODES } from 'node:http';
import type { FetchHandler } from '../api/app-types.js';
import { markUnread } from './uws-exchange.js';
import type { UwsHandler, UwsRequest, UwsResponse } from './uws-module.js';

/** The part of a request's body that is buffered before the client is paused. */
const bodyHighWaterMark = 64 * 1024;

/** Headers written by uWebSockets.js, or about the connection, which is not the app's. */
const ownHeaders = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'date',
]);

/**
 * host[:port], as RFC 9110 (7.2) and RFC 3986 (3.2.2) define it. Anything else could choose the
 * path: "a/admin?" in front of a path is an address with another one.
 */
const hostPattern = /^(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})+)(?::\d{0,5})?$/i;
/** As engine 'node': for requests of HTTP/1.0, and those whose host is empty. */
const defaultHost = 'localhost';

export function fetchRoute(fetch: FetchHandler): UwsHandler {
  return (response, request) => {
    const head = readHead(request);
    if (head === undefined) return response.writeStatus('400 Bad Request').end();
    const client = new Client(response);
    const { url, method, headers } = head;
    const body = method === 'GET' || method === 'HEAD' ? null : client.body();
    return answer(
      client,
      fetch,
      new Request(url, { method, headers, body, signal: client.signal, duplex: 'half' }),
    );
  };
}

interface Head {
  url: string;
  method: string;
  headers: Headers;
}

/**
 * Copies the request of uWebSockets.js, which is invalid after the handler's first await. Undefined
 * if it cannot be expressed as a Request.
 */
function readHead(request: UwsRequest): Head | undefined {
  const headers = new Headers();
  const query = request.getQuery();
  const path = request.getUrl();
  const host = request.getHeader('host') || defaultHost;
  // A URL parser takes a backslash for a slash.
  if (!hostPattern.test(host) || !path.startsWith('/') || path.includes('\\')) return undefined;
  const url = `http://${host}${path}${query ? `?${query}` : ''}`;
  try {
    request.forEach((name, value) => headers.append(name, value));
    return { url: new URL(url).href, method: request.getMethod().toUpperCase(), headers };
  } catch {
    return undefined;
  }
}

async function answer(client: Client, fetch: FetchHandler, request: Request): Promise<void> {
  try {
    await send(client, request, await fetch(request));
  } catch (error) {
    // An error caused by the client's disconnection is not a failure of the app.
    if (!client.gone) throw error;
  }
}

async function send(client: Client, request: Request, response: Response): Promise<void> {
  if (client.gone) {
    await response.body?.cancel();
    return;
  }
  const declared = response.headers.get('content-length');
  if (response.body === null || request.method === 'HEAD') {
    client.finish(() => endEmpty(client.response, response, request.method === 'HEAD', declared));
    await response.body?.cancel();
    return;
  }
  await sendBody(client, response, response.body.getReader());
}

function endEmpty(
  out: UwsResponse,
  response: Response,
  isHead: boolean,
  declared: string | null,
): void {
  writeHead(out, response);
  if (isHead && declared !== null) out.writeHeader('Content-Length', declared);
  if (isHead || response.status === 204 || response.status === 304) out.endWithoutBody();
  else out.end();
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Controller = ReadableStreamDefaultController<Uint8Array>;

async function sendBody(client: Client, response: Response, reader: Reader): Promise<void> {
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  client.signal.addEventListener('abort', cancel, { once: true });
  const first = await reader.read();
  if (client.gone) return;
  const second = reader.read();
  // Most bodies are a single piece, and their end is known by now; the first piece of a stream does
  // not wait for the second.
  const next = await Promise.race([
    second,
    new Promise<undefined>((resolve) => void setImmediate(resolve, undefined)),
  ]);
  if (client.gone) return second.then(() => undefined);
  if (first.done || next?.done) {
    client.finish(() => {
      writeHead(client.response, response);
      client.response.end(first.value);
    });
    return;
  }
  client.send(() => writeHead(client.response, response));
  await client.stream(response.headers.get('content-length'), async function* () {
    yield first.value;
    for (let piece = await second; !piece.done; piece = await reader.read()) yield piece.value;
  });
}

function writeHead(out: UwsResponse, { status, statusText, headers }: Response): void {
  out.writeStatus(`${status} ${statusText || (STATUS_CODES[status] ?? '')}`);
  // Iteration yields each Set-Cookie separately.
  for (const [name, value] of headers) if (!ownHeaders.has(name)) out.writeHeader(name, value);
}

/** The client of one exchange: the body that it sends, its disconnection, and its backpressure. */
class Client {
  readonly response: UwsResponse;
  readonly #abort = new AbortController();
  #ended = false;
  #paused = false;
  #onWritable: () => void = () => undefined;

  constructor(response: UwsResponse) {
    this.response = response;
    response.onAborted(() => {
      this.#ended = true;
      this.#abort.abort(new Error('the client closed the connection'));
      this.#onWritable();
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get gone(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The request's body. The client is paused while the body is not read. */
  body(): ReadableStream<Uint8Array> {
    let open = true;
    const close = (): void => {
      open = false;
      this.#resume();
    };
    const note = ({ desiredSize }: Controller): void =>
      markUnread(this.response, desiredSize !== null && desiredSize < bodyHighWaterMark);
    const start = (controller: Controller): void => {
      this.signal.addEventListener('abort', () => {
        if (open) controller.error(this.signal.reason);
        open = false;
      });
      this.response.onData((chunk, isLast) => {
        if (!open || this.#ended) return;
        // uWebSockets.js reuses the chunk's memory after this returns.
        if (chunk.byteLength > 0) controller.enqueue(new Uint8Array(chunk.slice(0)));
        note(controller);
        if (isLast) {
          open = false;
          controller.close();
        } else if ((controller.desiredSize ?? 0) <= 0) this.#pause();
      });
    };
    const pull = (controller: Controller): void => {
      note(controller);
      this.#resume();
    };
    return new ReadableStream(
      { start, pull, cancel: close },
      new ByteLengthQueuingStrategy({ highWaterMark: bodyHighWaterMark }),
    );
  }

  /** Combines the writes into one. */
  send(write: () => void): void {
    this.response.cork(write);
  }

  /** Writes the end of the response. The rest of the request's body is read and discarded. */
  finish(write: () => void): void {
    this.#resume();
    this.response.cork(write);
    this.#ended = true;
  }

  async stream(declared: string | null, pieces: () => AsyncIterable<Uint8Array>): Promise<void> {
    this.response.onWritable(() => {
      this.#onWritable();
      return true;
    });
    const total = declared === null ? undefined : Number(declared);
    let sent = 0;
    for await (const piece of pieces()) {
      if (this.gone) return;
      sent += piece.byteLength;
      if (total === undefined) await this.#write(piece);
      else if (sent <= total) await this.#writeOf(piece, total, sent === total);
      else throw new Error(`a body is longer than its Content-Length of ${total}`);
      if (this.gone) return;
    }
    if (total === undefined) this.finish(() => this.response.end());
    else if (sent < total) throw new Error(`a body of ${sent} bytes has Content-Length ${total}`);
  }

  async #write(piece: Uint8Array): Promise<void> {
    let keepsUp = true;
    this.send(() => (keepsUp = this.response.write(piece)));
    if (!keepsUp) await this.#writable();
  }

  /** The last piece ends the response, since the total is reached. */
  async #writeOf(piece: Uint8Array, total: number, isLast: boolean): Promise<void> {
    if (isLast) this.#resume();
    const start = this.response.getWriteOffset();
    for (let rest = piece; ; rest = piece.subarray(this.response.getWriteOffset() - start)) {
      let [accepted, ended] = [false, false];
      this.send(() => ([accepted, ended] = this.response.tryEnd(rest, total)));
      if (ended) this.#ended = true;
      if (accepted || ended) return;
      await this.#writable();
      if (this.gone) return;
    }
  }

  #writable(): Promise<void> {
    return new Promise((resolve) => (this.#onWritable = resolve));
  }

  #pause(): void {
    if (this.#ended || this.#paused) return;
    this.#paused = true;
    this.response.pause();
  }

  #resume(): void {
    if (this.#ended || !this.#paused) return;
    this.#paused = false;
    this.response.resume();
  }
}
