// The metrics listener: Prometheus text, health endpoints and a live page. Read-only, and separate
// from the app's traffic.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { holdPort, serveOn, type HeldPort } from '../system/held-port.js';
import { createOperatorsServer } from '../system/operators-server.js';
import { page } from './page.js';

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
  /** Path of the Prometheus text, for example '/metrics'. */
  readonly path: string;
}

export interface MetricsContent {
  /** The Prometheus text. */
  collect(): Promise<string>;
  /** The data of the live page, served as /stats.json. */
  stats(): Promise<object>;
  /** The reason why the server should get no new clients; null if it is ready. */
  unreadiness(): string | null;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Page {
  readonly body: string;
  readonly type?: string;
  readonly status?: number;
}

type Answer = () => Promise<Page> | Page;

const prometheusType = 'text/plain; version=0.0.4; charset=utf-8';
const maxHeaderBytes = 8192;
const keepAliveTimeoutMs = 30_000;
/** Limit for a client that does not read its response. */
const stalledMs = 60_000;

/** Throws a UserError if the port cannot be opened. */
export function listenForMetrics(address: MetricsAddress): Promise<HeldPort> {
  return holdPort(
    address,
    (place, reason) =>
      `cannot listen on ${place} for metrics: ${reason} ` +
      '(set `metrics` to another address, or to false)',
  );
}

/** Owns the socket from now on. */
export async function serveMetrics(
  held: HeldPort,
  path: string,
  content: MetricsContent,
): Promise<MetricsServer> {
  const answers = new Map<string, Answer>([
    ['/', () => ({ body: page, type: 'text/html; charset=utf-8' })],
    [
      '/stats.json',
      async () => ({ body: JSON.stringify(await content.stats()), type: 'application/json' }),
    ],
    ['/ready', () => readiness(content.unreadiness())],
    // An answer is all that counts: the monitor replaces stuck workers itself, and a probe that
    // fails during boot or drain would get the whole server killed.
    ['/healthz', () => ({ body: 'alive\n' })],
    [path, async () => ({ body: await content.collect(), type: prometheusType })],
  ]);
  const server = createOperatorsServer(
    { maxHeaderSize: maxHeaderBytes, keepAliveTimeout: keepAliveTimeoutMs },
    (request, response) => void answer(request, response, answers),
  );
  server.setTimeout(stalledMs);
  const port = await serveOn(held, server);
  server.on('error', () => undefined);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function readiness(reason: string | null): Page {
  return reason === null ? { body: 'ready\n' } : { body: `${reason}\n`, status: 503 };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  answers: ReadonlyMap<string, Answer>,
): Promise<void> {
  // A body is of no interest.
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return reply(response, 405, 'use GET\n');
  }
  const found = answers.get((request.url ?? '').split('?', 1)[0] ?? '');
  if (!found) return reply(response, 404, 'not found\n');
  try {
    const { status = 200, body, type } = await found();
    reply(response, status, body, type);
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
    // A client that is still sending a body does not keep the connection.
    ...(status === 405 && { connection: 'close' }),
  });
  response.end(body);
}
