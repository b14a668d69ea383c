// A load client that classifies every failure, over raw sockets. It runs in a process of its own,
// so that it shares no event loop with the server under test, and doubles as a command:
//   node dist/spec/support/load.js --port 8080 [--mode close] [--conns 8] [--seconds 5] …
import { fork } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ResponseReader } from './response-reader.js';

export const failureClasses = [
  /** An answer whose status is not 200. */
  'bad_status',
  /** No connection. */
  'refused',
  /** The first request of a connection got only the connection's end. */
  'fresh_reset',
  /** A later request got only the connection's end: the keep-alive race. */
  'reused_reset0',
  /** The connection ended within an answer. */
  'truncated',
  'timeout',
] as const;

export type FailureClass = (typeof failureClasses)[number];

export interface LoadOptions {
  host?: string;
  port?: number;
  /** Path of a unix socket, in place of host and port. */
  unix?: string;
  url?: string;
  mode?: 'keepalive' | 'close';
  /** Concurrent connections; each always has one request outstanding. */
  conns?: number;
  seconds?: number;
  /** Number of requests after which to end. */
  max?: number;
  timeoutMs?: number;
  /** Number of failures to report one by one. */
  samples?: number;
}

/** One request that was not answered with 200. */
export interface Failure {
  readonly kind: FailureClass;
  readonly reason: string;
  /** The index of the request on its connection. */
  readonly nth: number;
  /** The client's port, which identifies the server's socket; none over a unix socket. */
  readonly port: number | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type LoadResult = Record<FailureClass | 'ok', number> & {
  sent: number;
  connections: number;
  /** Answers that announced the connection's end. */
  closing: number;
  requestsPerSecond: number;
  latencyMs: { p50: number; p99: number; p999: number; max: number };
  statuses: Record<string, number>;
  /** Number of times that each body was received, by its first 64 characters. */
  bodies: Record<string, number>;
  /** The first failures. */
  samples: Failure[];
};

export interface Load {
  /** Resolves when the first request is answered. */
  readonly started: Promise<void>;
  readonly done: Promise<LoadResult>;
  /** Sends no further request. */
  stop(): Promise<LoadResult>;
}

/** The number of requests that were not answered with 200. */
export function failures(result: LoadResult): number {
  return failureClasses.reduce((sum, name) => sum + result[name], 0);
}

type Message = { type: 'started' } | { type: 'result'; result: LoadResult };

export function startLoad(options: LoadOptions): Load {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = fork(fileURLToPath(import.meta.url), flags, { execArgv: [] });
  let onStarted: () => void;
  const started = new Promise<void>((resolve) => (onStarted = resolve));
  const done = new Promise<LoadResult>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the load client ended with status ${code}`)));
    child.on('message', (message: Message) => {
      onStarted();
      if (message.type === 'result') resolve(message.result);
    });
  });
  const stop = (): Promise<LoadResult> => {
    if (child.connected) child.send('stop');
    return done;
  };
  return { started, done, stop };
}

const retryMs = 20;
const mostBodies = 1000;

class Client {
  readonly #options: Required<LoadOptions>;
  readonly #request: string;
  readonly #latencies: number[] = [];
  #endsAt: number;
  readonly result: LoadResult = {
    ...{ ok: 0, bad_status: 0, refused: 0, fresh_reset: 0, reused_reset0: 0, truncated: 0 },
    ...{ timeout: 0, sent: 0, connections: 0, closing: 0, requestsPerSecond: 0 },
    latencyMs: { p50: 0, p99: 0, p999: 0, max: 0 },
    statuses: {},
    bodies: {},
    samples: [],
  };

  constructor(options: Required<LoadOptions>) {
    this.#options = options;
    this.#endsAt = performance.now() + options.seconds * 1000;
    const close = options.mode === 'close' ? 'Connection: close\r\n' : '';
    this.#request = `GET ${options.url} HTTP/1.1\r\nHost: localhost\r\n${close}\r\n`;
  }

  async run(onFirstAnswer: () => void): Promise<LoadResult> {
    const start = performance.now();
    const lane = async (): Promise<void> => {
      while (!this.#over()) {
        const pauseMs = await this.#connection(onFirstAnswer);
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    };
    await Promise.all(Array.from({ length: this.#options.conns }, lane));
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (part: number): number => {
      const latency = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
      return Number((latency ?? 0).toFixed(3));
    };
    this.result.latencyMs = { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
    const seconds = (performance.now() - start) / 1000;
    this.result.requestsPerSecond = Math.round(this.result.ok / seconds);
    return this.result;
  }

  stop(): void {
    this.#endsAt = 0;
  }

  #over(): boolean {
    return performance.now() >= this.#endsAt || this.result.sent >= this.#options.max;
  }

  /** One connection, from its beginning to its end; resolves with the delay before the next. */
  #connection(onFirstAnswer: () => void): Promise<number> {
    return new Promise((resolve) => {
      const { result } = this;
      const socket = this.#connect();
      const reader = new ResponseReader();
      let nth = 0;
      let sentAt = 0;
      let timer: NodeJS.Timeout | undefined;
      const end = (pauseMs: number): void => {
        clearTimeout(timer);
        socket.removeAllListeners().on('error', () => undefined);
        socket.destroy();
        resolve(pauseMs);
      };
      let port: number | null = null;
      const fail = (kind: FailureClass, reason: string): void => {
        result[kind]++;
        if (result.samples.length < this.#options.samples)
          result.samples.push({ kind, reason, nth, port, at: Date.now() });
        end(kind === 'refused' ? retryMs : 0);
      };
      const lost = (reason: string): void => {
        if (nth === 0) fail('refused', reason);
        else if (reader.begun) fail('truncated', reason);
        else fail(nth === 1 ? 'fresh_reset' : 'reused_reset0', reason);
      };
      const send = (): void => {
        if (this.#over()) return end(0);
        nth++;
        result.sent++;
        sentAt = performance.now();
        timer ??= setTimeout(() => fail('timeout', 'no answer'), this.#options.timeoutMs);
        timer.refresh();
        socket.write(this.#request);
      };
      socket.on('connect', () => {
        result.connections++;
        port = socket.localPort ?? null;
        send();
      });
      socket.on('data', (chunk: Buffer) => {
        const response = reader.push(chunk);
        if (response === undefined) return;
        this.#latencies.push(performance.now() - sentAt);
        this.#count(response.status, response.body);
        if (response.status === 200) onFirstAnswer();
        if (response.closing) result.closing++;
        if (response.closing || this.#options.mode === 'close') end(0);
        else send();
      });
      socket.on('error', (error: NodeJS.ErrnoException) => lost(error.code ?? error.message));
      socket.on('end', () => lost('end of stream'));
      socket.on('close', () => lost('closed'));
    });
  }

  #connect(): Socket {
    const { unix, host, port } = this.#options;
    return unix === '' ? connect({ host, port, noDelay: true }) : connect(unix);
  }

  #count(status: number, body: string): void {
    const { result } = this;
    result[status === 200 ? 'ok' : 'bad_status']++;
    result.statuses[status] = (result.statuses[status] ?? 0) + 1;
    const start = body.slice(0, 64).trim();
    if (start in result.bodies || Object.keys(result.bodies).length < mostBodies)
      result.bodies[start] = (result.bodies[start] ?? 0) + 1;
  }
}

function readOptions(): Required<LoadOptions> {
  const text = { type: 'string' } as const;
  const limits = ['conns', 'seconds', 'max', 'timeoutMs', 'samples'];
  const names = ['host', 'port', 'unix', 'url', 'mode', ...limits];
  const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, text])) });
  const number = (name: string, otherwise: number): number => Number(values[name] ?? otherwise);
  return {
    host: String(values['host'] ?? '127.0.0.1'),
    port: number('port', 8080),
    unix: String(values['unix'] ?? ''),
    url: String(values['url'] ?? '/'),
    mode: values['mode'] === 'close' ? 'close' : 'keepalive',
    conns: number('conns', 8),
    seconds: number('seconds', 10),
    max: number('max', 10_000_000),
    timeoutMs: number('timeoutMs', 10_000),
    samples: number('samples', 20),
  };
}

async function main(): Promise<void> {
  const client = new Client(readOptions());
  const toParent = process.send?.bind(process);
  let announced = false;
  process.on('message', () => client.stop());
  process.on('disconnect', () => process.exit());
  process.on('SIGINT', () => client.stop());
  const result = await client.run(() => {
    if (!announced) toParent?.({ type: 'started' } satisfies Message);
    announced = true;
  });
  if (!toParent) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else toParent({ type: 'result', result } satisfies Message, () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
