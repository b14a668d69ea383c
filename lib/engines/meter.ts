// Counts requests for an engine. It is told of each request twice, when the app gets it and when
// its response ended or its connection was lost, so it must cost next to nothing.
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

  /** Whether anybody wants to know the method and URL of completed requests. */
  get wantsNames(): boolean {
    return this.#onRequestComplete !== undefined;
  }

  /** Returns the time to be given to `end`. */
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
