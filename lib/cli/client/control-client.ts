// Talks to a running server: HTTP over its control socket. What keeps it from being reached is a
// ConfigError.
import { request, type RequestOptions } from 'node:http';
import { formatEndpoint } from '../../config/address.js';
import { UserError } from '../../base/user-error.js';
import { launch } from '../../system/launch.js';
import type { Invocation, Remote } from './invocation.js';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Where a server is asked. */
export type ControlPoint = { readonly socketPath: string } | Remote;

/** For answers that do not wait for anything; the figures of a large server take a moment. */
const timeoutMs = 30_000;

/** As told, or else as the configuration has it, which is not even loaded if it is told. */
export async function controlPoint(invocation: Invocation): Promise<ControlPoint> {
  const { config, overrides, remote } = invocation;
  if (remote) return remote;
  if (overrides.control !== undefined) return { socketPath: overrides.control };
  const { findConfig, loadSettings } = await import('../../config/load.js');
  const settings = await loadSettings(config ?? findConfig(launch.directory), overrides);
  return { socketPath: settings.control };
}

export const nameOf = (point: ControlPoint): string =>
  'socketPath' in point ? point.socketPath : `http://${formatEndpoint({ kind: 'tcp', ...point })}`;

/**
 * With `wait`, the answer may take as long as the order does: the monitor bounds each of its steps.
 */
export function ask(
  point: ControlPoint,
  { method, path, wait }: { method: 'GET' | 'POST'; path: string; wait: boolean },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const name = nameOf(point);
    const sent = request({
      ...('socketPath' in point ? point : addressed(point)),
      method,
      path: wait ? `${path}?wait=1` : path,
      agent: false,
      ...(!wait && { timeout: timeoutMs }),
    });
    sent.on('timeout', () => {
      sent.destroy(new UserError(`the server at ${name} has not answered in 30 seconds`));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(name, error)));
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error: NodeJS.ErrnoException) => reject(unreachable(name, error)));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.end();
  });
}

function addressed({ host, port, token }: Remote): RequestOptions {
  return { host, port, headers: { authorization: `Bearer ${token}` } };
}

/** The content of an answer that is a success: an order's says so itself. */
export function accepted({ status, body }: Answer): object {
  const content = parsed(body);
  if (typeof content !== 'object' || content === null)
    throw new UserError(`the server answered with HTTP status ${status}, and not in JSON`);
  if (status < 400 && Reflect.get(content, 'ok') !== false) return content;
  const error: unknown = Reflect.get(content, 'error');
  throw new UserError(
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

function unreachable(place: string, error: NodeJS.ErrnoException): UserError {
  if (error instanceof UserError) return error;
  const { code = '', message } = error;
  const meaning = meanings[code]?.(place, code);
  return new UserError(meaning ?? `cannot talk to the server at ${place}: ${message}`);
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
