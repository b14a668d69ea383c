// Reads HTTP/1.1 responses from the chunks of a socket, one response outstanding at a time.

export interface ReadResponse {
  status: number;
  /** Lower-case names; repeated values are joined by newlines. */
  headers: Record<string, string>;
  body: string;
  /** The server announced that it closes the connection. */
  closing: boolean;
}

export class ResponseReader {
  readonly #isHead: boolean;
  #text = '';

  /** Answers to HEAD have no body, whatever their headers say. */
  constructor(isHead = false) {
    this.#isHead = isHead;
  }

  /** Whether a response has begun to arrive. */
  get begun(): boolean {
    return this.#text !== '';
  }

  /** Undefined until the response is whole. A body without a length is not supported. */
  push(chunk: Buffer): ReadResponse | undefined {
    this.#text += chunk.toString('latin1');
    const headEnd = this.#text.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = this.#text.slice(0, headEnd);
    const bodyStart = headEnd + 4;
    const status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    let body = '';
    if (this.#isHead) body = this.#text.slice(bodyStart);
    else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      if (!this.#text.endsWith('\r\n0\r\n\r\n')) return undefined;
      body = unchunk(this.#text.slice(bodyStart));
    } else if (length !== undefined) {
      if (this.#text.length < bodyStart + Number(length)) return undefined;
      body = this.#text.slice(bodyStart, bodyStart + Number(length));
    }
    this.#text = '';
    return {
      status,
      get headers() {
        return readHeaders(head);
      },
      body,
      closing: /\r\nconnection: *close/i.test(head),
    };
  }
}

function readHeaders(head: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}\n${value}` : value;
  }
  return headers;
}

function unchunk(text: string): string {
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = parseInt(text.slice(at, lineEnd), 16);
    if (!(size > 0)) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
