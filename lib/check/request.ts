// One request to a canary.
import { request } from 'node:http';
import type { Trial } from '../fork-safety/exercise.js';

const timeoutMs = 10_000;

/** A server error fails the trial; any other answer shows that the fork can answer. */
export function sendRequest(to: { host: string; port: number; path: string }): Promise<Trial> {
  const name = `GET ${to.path}`;
  const started = performance.now();
  return new Promise((resolve) => {
    const fail = (detail: string): void => resolve({ name, ok: false, detail });
    const sent = request({ ...to, agent: false, timeout: timeoutMs }, (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      response.on('error', (error) => fail(String(error)));
      response.on('end', () => {
        const detail = `${statusCode} in ${Math.round(performance.now() - started)} ms`;
        resolve({ name, ok: statusCode < 500, detail });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms: it hangs`)));
    sent.on('error', (error) => fail(String(error)));
    sent.end();
  });
}
