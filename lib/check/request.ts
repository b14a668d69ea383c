// The requests of a check: their description on the command line, and sending one to a fork.
import { request as httpRequest } from 'node:http';
import { UserError } from '../base/user-error.js';
import type { CheckedTrial } from './result.js';

export interface CheckRequest {
  readonly method: string;
  readonly path: string;
  /** As given: 'content-type: application/json'. */
  readonly headers: readonly string[];
  readonly body: string | null;
}

export interface RequestTexts {
  /** '/path' or 'METHOD /path'. */
  readonly request: readonly string[];
  /** Sent with each of them. */
  readonly header: readonly string[];
  readonly body: string | null;
}

/** Throws a UserError that names the option. With a body, the method is POST unless given. */
export function readRequests({ request, header, body }: RequestTexts): CheckRequest[] {
  const [first] = header;
  if (request.length === 0 && (first !== undefined || body !== null))
    throw new UserError(`--${first === undefined ? 'body' : 'header'}: needs a --request`);
  for (const text of header)
    if (!/^[!#$%&'*+.^_`|~\w-]+:/.test(text))
      throw new UserError(`--header: expected 'name: value', got '${text}'`);
  return request.map((text) => {
    const [, method, path] = /^(?:([A-Za-z-]+) +)?([/*][^\s]*)$/.exec(text) ?? [];
    if (path === undefined)
      throw new UserError(
        "--request: expected a path, or a method and a path, such as 'POST /graphql', " +
          `got '${text}'`,
      );
    const byBody = body === null ? 'GET' : 'POST';
    return { method: method?.toUpperCase() ?? byBody, path, headers: header, body };
  });
}

export interface RequestTrial extends CheckedTrial {
  /** Whether there was any response. */
  readonly answered: boolean;
}

/** A response that goes on for longer is a stream, such as server-sent events. */
const streamMs = 3_000;

/**
 * Fails without a response and for a status of 500 or more. Warns of other refusals: the request
 * may not have run the code that it was meant for.
 */
export function sendRequest(
  { method, path, headers, body }: CheckRequest,
  to: { host: string; port: number },
  timeoutMs: number,
): Promise<RequestTrial> {
  const name = `${method} ${path}`;
  const started = performance.now();
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error): void => {
      const detail = signal.aborted ? `no answer within ${timeoutMs} ms: it hangs` : String(error);
      resolve({ name, ok: false, answered: false, detail });
    };
    const options = {
      ...to,
      method,
      path,
      headers: headersOf(headers, body),
      agent: false,
      signal,
    };
    const sent = httpRequest(options, (response) => {
      const { statusCode = 0 } = response;
      const answer = `${statusCode} in ${Math.round(performance.now() - started)} ms`;
      const judged = { name, ok: statusCode < 500, answered: true };
      const stream = setTimeout(() => {
        const detail = `${answer}, and not at its end ${streamMs} ms later: it delays reforks`;
        resolve({ ...judged, detail, warns: true });
        response.destroy();
      }, streamMs);
      response.resume();
      response.on('error', fail);
      response.on('close', () => clearTimeout(stream));
      response.on('end', () => resolve({ ...judged, ...described(statusCode, answer) }));
    });
    sent.on('error', fail);
    sent.end(body ?? undefined);
  });
}

function described(status: number, answer: string): Pick<CheckedTrial, 'detail' | 'warns'> {
  if (status < 400 || status >= 500) return { detail: answer };
  const detail = `${answer}: refused by the app (see --header and --body)`;
  return { detail, warns: true };
}

/** Those of one name together. Node gives the length of a body only for methods that expect one. */
function headersOf(texts: readonly string[], body: string | null): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  if (body !== null) headers['content-length'] = [String(Buffer.byteLength(body))];
  for (const text of texts) {
    const colon = text.indexOf(':');
    (headers[text.slice(0, colon).toLowerCase()] ??= []).push(text.slice(colon + 1).trim());
  }
  return headers;
}
