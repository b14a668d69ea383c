// The metrics listener: Prometheus text, and a live page for people. Read-only, and apart from the
// app's traffic.
import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ConfigError } from '../config/config-error.js';
import { native } from '../native.js';
import { page } from './page.js';

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
  /** Where the Prometheus text is. */
  readonly path: string;
}

export interface MetricsContent {
  /** The Prometheus text. */
  collect(): Promise<string>;
  /** What the live page shows. */
  stats(): Promise<object>;
}

/** Plain data, for the next program of a hot restart. */
export interface HeldMetrics {
  readonly host: string;
  /** As configured; 0 for any. */
  readonly port: number;
  readonly fd: number;
}

export interface MetricsServer {
  readonly port: number;
  readonly held: HeldMetrics;
  close(): Promise<void>;
}

interface Answer {
  readonly type: string;
  readonly body: () => Promise<string> | string;
}

const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';
const backlog = 64;
const maxClients = 64;
const maxHeaderBytes = 8192;
const requestTimeoutMs = 10_000;
const keepAliveTimeoutMs = 30_000;
/** A reader that takes none of its answer for this long is cut off. */
const stalledMs = 60_000;
const checkIntervalMs = 1_000;

/** Throws a ConfigError if the port cannot be had. */
export async function openMetrics(
  address: MetricsAddress,
  content: MetricsContent,
): Promise<MetricsServer> {
  return serveMetrics(await listenForMetrics(address), address.path, content);
}

/** Owns the socket from now on. */
export async function serveMetrics(
  held: HeldMetrics,
  path: string,
  content: MetricsContent,
): Promise<MetricsServer> {
  const answers = new Map<string, Answer>([
    ['/', { type: 'text/html; charset=utf-8', body: () => page }],
    [
      '/stats.json',
      { type: 'application/json', body: async () => JSON.stringify(await content.stats()) },
    ],
    [path, { type: prometheusType, body: () => content.collect() }],
  ]);
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs,
    },
    (request, response) => void answer(request, response, answers),
  );
  server.maxConnections = maxClients;
  server.setTimeout(stalledMs);
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen({ fd: held.fd }, resolve));
  return {
    port: native.boundPort(held.fd),
    held,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  answers: ReadonlyMap<string, Answer>,
): Promise<void> {
  // A client that goes away is its own business; a body is of no interest.
  request.on('error', () => undefined).resume();
  response.on('error', () => undefined);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return reply(response, 405, 'use GET\n');
  }
  const found = answers.get((request.url ?? '').split('?', 1)[0] ?? '');
  if (!found) return reply(response, 404, 'not found\n');
  try {
    reply(response, 200, await found.body(), found.type);
  } catch (error) {
    reply(response, 500, `cannot collect: ${error instanceof Error ? error.message : 'failed'}\n`);
  }
}

function reply(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy':
      "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
    // Nobody who still sends a body gets to keep the connection.
    ...(status === 405 && { connection: 'close' }),
  });
  response.end(body);
}

/** Throws a ConfigError if the port cannot be had. */
export async function listenForMetrics({ host, port }: MetricsAddress): Promise<HeldMetrics> {
  try {
    const { address } = await lookup(host);
    const listener = { address, port, backlog, reusePort: false, ipv6Only: false };
    return { host, port, fd: native.listenTcp(listener) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'EADDRINUSE: another process listens there' : message;
    const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    throw new ConfigError(
      `cannot listen on ${place} for metrics: ${reason} ` +
        '(set `metrics` to another address, or to false)',
    );
  }
}
