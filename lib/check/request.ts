// A single request to a canary.
import { request } from 'node:http';
import type { Trial } from '../protocol/trial.js';

export interface RequestTrial extends Trial {
  /** Whether there was any response. */
  readonly answered: boolean;
}

/**
 * Fails without a response and for a status of 500 or more; any other proves that the fork works.
 */
export function sendRequest(
  to: { host: string; port: number; path: string },
  timeoutMs: number,
): Promise<RequestTrial> {
  const name = `GET ${to.path}`;
  const started = performance.now();
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error): void => {
      const detail = signal.aborted ? `no answer within ${timeoutMs} ms: it hangs` : String(error);
      resolve({ name, ok: false, answered: false, detail });
    };
    const sent = request({ ...to, agent: false, signal }, (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      response.on('error', fail);
      response.on('end', () => {
        const detail = `${statusCode} in ${Math.round(performance.now() - started)} ms`;
        resolve({ name, ok: statusCode < 500, answered: true, detail });
      });
    });
    sent.on('error', fail);
    sent.end();
  });
}
