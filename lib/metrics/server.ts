// The metrics listener: Prometheus text, health endpoints and a live page. Read-only, and separate
// from the app's traffic. The probes wait for nothing.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { holdPort, serveOn, type HeldPort } from '../system/held-port.js';
import { hostCheck, misdirected, senderOf } from '../operators/host-check.js';
import { createOperatorsServer } from '../operators/server.js';
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
const crowdedText = 'metrics: too many connections, closed the least active';
/** No other site frames the page, to have it clicked, or gives it other addresses. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "connect-src 'self'",
  "style-src 'unsafe-inline'",
  "script-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const maxHeaderBytes = 8192;
/** Longer than the usual pause between two scrapes. */
const keepAliveMs = 30_000;

/** Throws a UserError if the port cannot be opened. */
export function listenForMetrics(address: MetricsAddress): Promise<HeldPort> {
  return holdPort(
    address,
    (place, reason) =>
      `cannot listen on ${place} for metrics: ${reason} ` +
      '(set `metrics` to another address, or to false)',
  );
}

/** Called for what strangers can cause, and as often; the text is the kind. */
export type Notice = (fields: object, text: string) => void;

/** Owns the socket from now on. */
export async function serveMetrics(
  held: HeldPort,
  path: string,
  content: MetricsContent,
  notice: Notice,
): Promise<MetricsServer> {
  const stats = shared(() => content.stats());
  const answers = new Map<string, Answer>([
    ['/', () => ({ body: page, type: 'text/html; charset=utf-8' })],
    [
      '/stats.json',
      async () => ({ body: JSON.stringify(await stats()), type: 'application/json' }),
    ],
    ['/ready', () => readiness(content.unreadiness())],
    // An answer is all that counts: the monitor replaces stuck workers itself, and a probe that
    // fails during boot or drain would get the whole server killed.
    ['/healthz', () => ({ body: 'alive\n' })],
    [path, async () => ({ body: await content.collect(), type: prometheusType })],
  ]);
  const server = createOperatorsServer(
    {
      ...{ maxHeaderBytes, keepAliveMs, sparesRequests: false },
      crowded: (closed) => notice({ closed }, crowdedText),
    },
    (request, response) => {
      if (isForUs(request)) return void answer(request, response, answers);
      notice(senderOf(request), 'metrics: refused a foreign Host');
      reply(response, 421, `${misdirected}\n`);
    },
  );
  const isForUs = hostCheck(server, held.host);
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

/** Callers at the same time share a result: the figures are not free. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null;
  return () => (reading ??= read().finally(() => (reading = null)));
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
    'content-security-policy': contentSecurityPolicy,
    'cross-origin-resource-policy': 'same-origin',
    // A client that is still sending a body does not keep the connection.
    ...((status === 405 || status === 421) && { connection: 'close' }),
  });
  response.end(body);
}
