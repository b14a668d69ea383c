// Counts an engine's requests. It is called twice per request, when the app gets it and when its
// response has ended or its connection is lost, so it must cost next to nothing.
import type { CompletedRequest } from '../api/hooks.js';
import { emptyLatency, observe } from '../protocol/latency.js';
import type { EngineFigures } from './engine.js';

export interface Named {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

export class Meter {
  readonly figures: EngineFigures = { requests: 0, inFlight: 0, latency: emptyLatency() };
  readonly #onRequestComplete: ((request: CompletedRequest) => void) | undefined;

  constructor(onRequestComplete: ((request: CompletedRequest) => void) | undefined) {
    this.#onRequestComplete = onRequestComplete;
  }

  /** Whether the method and URL of completed requests are needed. */
  get wantsNames(): boolean {
    return this.#onRequestComplete !== undefined;
  }

  /** Returns the start time, the argument of `end`. */
  begin(): number {
    this.figures.inFlight++;
    return performance.now();
  }

  end(startedAt: number, request: Named | undefined): void {
    const durationMs = performance.now() - startedAt;
    this.figures.inFlight--;
    this.figures.requests++;
    observe(this.figures.latency, durationMs / 1000);
    this.#onRequestComplete?.({
      method: request?.method ?? '',
      url: request?.url ?? '',
      durationMs,
    });
  }
}
