// Talks to a running server: HTTP over its control socket. What keeps it from being reached is a
// ConfigError.
import { request } from 'node:http';
import { ConfigError } from '../config/config-error.js';
import { origin } from '../origin.js';
import type { Invocation } from './invocation.js';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** For answers that do not wait for anything; the figures of a large server take a moment. */
const timeoutMs = 30_000;

/**
 * The control socket: as told, or else as the configuration has it, which is not even loaded if it
 * is told.
 */
export async function controlPath({ config, overrides }: Invocation): Promise<string> {
  if (overrides.control !== undefined) return overrides.control;
  const { findConfig, loadSettings } = await import('../config/load.js');
  const settings = await loadSettings(config ?? findConfig(origin.directory), overrides);
  return settings.control;
}

/**
 * With `wait`, the answer may take as long as the order does: the monitor bounds each of its steps.
 */
export function ask(
  socketPath: string,
  { method, path, wait }: { method: 'GET' | 'POST'; path: string; wait: boolean },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({
      socketPath,
      method,
      path: wait ? `${path}?wait=1` : path,
      agent: false,
      ...(!wait && { timeout: timeoutMs }),
    });
    sent.on('timeout', () => {
      sent.destroy(new ConfigError(`the server at ${socketPath} has not answered in 30 seconds`));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(socketPath, error)));
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error: NodeJS.ErrnoException) =>
        reject(unreachable(socketPath, error)),
      );
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.end();
  });
}

/** The content of an answer that is a success: an order's says so itself. */
export function accepted({ status, body }: Answer): object {
  const content = parsed(body);
  if (typeof content !== 'object' || content === null)
    throw new ConfigError(`the server answered with HTTP status ${status}, and not in JSON`);
  if (status < 400 && Reflect.get(content, 'ok') !== false) return content;
  const error: unknown = Reflect.get(content, 'error');
  throw new ConfigError(
    typeof error === 'string' ? error : `the server answered with HTTP status ${status}`,
  );
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** What each error of the socket means to the one who asks. */
const meanings: Readonly<Record<string, (path: string, code: string) => string>> = {
  ENOENT: nobody,
  ENOTDIR: nobody,
  ECONNREFUSED: nobody,
  ENOTSOCK: nobody,
  EACCES: forbidden,
  EPERM: forbidden,
  ECONNRESET: cutOff,
  EPIPE: cutOff,
};

function unreachable(socketPath: string, error: NodeJS.ErrnoException): ConfigError {
  if (error instanceof ConfigError) return error;
  const { code = '', message } = error;
  const meaning = meanings[code]?.(socketPath, code);
  return new ConfigError(meaning ?? `cannot talk to the server at ${socketPath}: ${message}`);
}

function nobody(path: string): string {
  return (
    `no server answers at ${path}: is it running, and with this config? ` +
    '(--control names another socket)'
  );
}

function forbidden(path: string, code: string): string {
  return `cannot open ${path}: ${code}: run this as the user that runs the server`;
}

function cutOff(path: string): string {
  return `the server at ${path} ended before it answered`;
}
