// Talks to a running server: HTTP over its control socket, or over TCP. A server that cannot be
// reached is a UserError.
import { request as httpRequest, type RequestOptions } from 'node:http';
import { formatEndpoint } from '../../config/address.js';
import { UserError } from '../../base/user-error.js';
import {
  operations,
  questions,
  type Answers,
  type OperationName,
  type QuestionName,
} from '../../control-api/routes.js';
import type { Remote } from './invocation.js';
import { noServer } from './no-server.js';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The place where a server is reached. */
export type ControlPoint = { readonly socketPath: string } | Remote;

/** For answers that wait for nothing; the statistics of a large server take a moment. */
const timeoutMs = 30_000;

export const nameOf = (point: ControlPoint): string =>
  'socketPath' in point ? point.socketPath : `http://${formatEndpoint({ kind: 'tcp', ...point })}`;

export const ask = (point: ControlPoint, question: QuestionName): Promise<Answer> =>
  send(point, { method: 'GET', path: questions[question].path, wait: false });

/** The content of the answer. */
export async function answerTo<Name extends QuestionName>(
  point: ControlPoint,
  question: Name,
): Promise<Answers[Name]> {
  return accepted(await ask(point, question)) as Answers[Name];
}

/**
 * With `wait`, the answer may take as long as the operation: the monitor bounds each of its steps.
 */
export const request = (
  point: ControlPoint,
  operation: OperationName,
  wait: boolean,
): Promise<Answer> => send(point, { method: 'POST', path: operations[operation].path, wait });

function send(
  point: ControlPoint,
  { method, path, wait }: { method: 'GET' | 'POST'; path: string; wait: boolean },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const name = nameOf(point);
    const sent = httpRequest({
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

/** The content of an answer that is a success: that of an operation says so itself. */
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

/** The meaning of each error of the socket, for the user. */
const meanings: Readonly<Record<string, (path: string, code: string) => string>> = {
  ENOENT: noServer,
  ENOTDIR: noServer,
  ECONNREFUSED: noServer,
  ENOTSOCK: noServer,
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

function forbidden(path: string, code: string): string {
  return `cannot open ${path}: ${code}: run this as the user that runs the server`;
}

function cutOff(path: string): string {
  return `the server at ${path} ended before it answered`;
}
