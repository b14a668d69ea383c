// The hook `warmup`: a freshly loaded app answers requests before its first fork, so that code is
// compiled and caches are filled in all its workers. The requests are real ones, to the workers'
// engine on a socket of its own; nothing of that remains after the hook.
import { request as httpRequest } from 'node:http';
import type { Warmup, WarmupRequest, WarmupResponse } from '../api/hooks.js';
import { createEngine } from '../engines/create.js';
import { forgetInheritedCounts } from '../fork-safety/renew/prom-client.js';
import { native } from '../system/native.js';
import { runHooks } from '../config/run-hooks.js';
import type { Life } from './process/birth.js';

const loopback = '127.0.0.1';
const backlog = 128;

/** Rejects with the error of the hook. */
export async function warmUp(life: Life, generation: number): Promise<void> {
  const { settings, app } = life;
  if (settings.hooks.warmup.length === 0) return;
  const engine = await createEngine(settings.engine, {
    app,
    appFile: settings.app,
    keepAliveTimeoutMs: settings.keepAliveTimeoutMs,
    backlog,
    context: { slot: 0, generation },
  });
  const listener = native.listenTcp({
    ...{ address: loopback, port: 0, backlog, reusePort: false, ipv6Only: false },
  });
  const requests = new Requests(native.boundPort(listener));
  await engine.listen([listener]);
  await runHooks(settings, 'warmup', requests);
  await requests.end();
  await engine.drain({ lingerMs: 0, timeoutMs: settings.shutdownTimeoutMs });
  // Warm-up requests are not traffic.
  await forgetInheritedCounts();
}

class Requests implements Warmup {
  readonly #port: number;
  readonly #pending = new Set<Promise<unknown>>();
  #ended = false;

  constructor(port: number) {
    this.#port = port;
  }

  readonly request = (what: string | WarmupRequest): Promise<WarmupResponse> => {
    if (this.#ended)
      return Promise.reject(new Error('warmup is over: await every request in the hook'));
    const answer = send(this.#port, typeof what === 'string' ? { path: what } : what);
    this.#pending.add(answer);
    const settled = (): void => void this.#pending.delete(answer);
    answer.then(settled, settled);
    return answer;
  };

  /** Waits for the requests that the hook did not await. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.allSettled(this.#pending);
  }
}

function send(port: number, { path, method, headers, body }: WarmupRequest) {
  return new Promise<WarmupResponse>((resolve, reject) => {
    // A new connection for each request: none is kept alive.
    const options = { host: loopback, port, path, method, headers, agent: false };
    const sent = httpRequest(options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered } = response;
        resolve({ status, headers: answered, body: Buffer.concat(parts) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
