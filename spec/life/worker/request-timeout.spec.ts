// Goal: a request ages only while its handler has the turn, is cut when both timeouts have passed,
// and reported to the monitor as overdue for a kill only if that was in vain. Method: requests
// whose state the spec sets, real timers.
import { expect } from 'chai';
import type { InFlightRequest } from '../../../lib/engines/in-flight-request.js';
import { RequestTimeout } from '../../../lib/life/worker/request-timeout.js';
import { until } from '../../support/until.js';

describe('a request timeout', () => {
  const [timeoutMs, cleanupTimeoutMs] = [600, 400];
  let running: Set<InFlightRequest>;
  let events: string[];
  let watch: RequestTimeout;

  beforeEach(() => {
    running = new Set();
    events = [];
    watch = new RequestTimeout({
      timeoutMs,
      cleanupTimeoutMs,
      running: () => running,
      overran: ({ url }) => events.push(`${url} overran`),
      cutting: (requests) => events.push(...requests.map(({ url }) => `cutting ${url}`)),
    });
  });
  afterEach(() => watch.stop());

  function begin(url: string, state: Partial<InFlightRequest> = {}): InFlightRequest {
    const request = {
      ...{ method: 'GET', url, startedAt: performance.now(), extensionMs: 0 },
      ...{ waitsForClient: false, cut: () => void running.delete(request) },
      ...state,
    };
    running.add(request);
    return request;
  }

  const passed = (ms: number, since = performance.now()): Promise<unknown> =>
    until(`${ms} ms`, () => performance.now() - since > ms);

  it('cuts what exceeds both timeouts, and nothing else', async () => {
    begin('/never');
    begin('/waiting', { waitsForClient: true });
    begin('/endless', { extensionMs: Infinity });
    await until('the cut', () => events.length === 2);
    expect(events).to.deep.equal(['/never overran', 'cutting /never']);
    await passed(timeoutMs + cleanupTimeoutMs);
    expect([...running].map(({ url }) => url)).to.deep.equal(['/waiting', '/endless']);
    expect(events).to.have.lengthOf(2);
  });

  it('counts the time after the wait for a client', async () => {
    let waitsForClient = true;
    const request = begin('/upload');
    Object.defineProperty(request, 'waitsForClient', { get: () => waitsForClient });
    await passed(timeoutMs);
    const left = watch.urgent()?.leftMs ?? 0;
    expect(left).to.be.above(timeoutMs / 2);
    waitsForClient = false;
    await until('the overrun', () => events.includes('/upload overran'));
  });

  it('has a worker killed only for a request that does not end when it is cut', async () => {
    begin('/stays', { cut: () => undefined });
    await until('the cut', () => events.includes('cutting /stays'));
    expect(watch.urgent()?.leftMs).to.be.above(-cleanupTimeoutMs);
    await until('the report', () => (watch.urgent()?.leftMs ?? 0) <= -cleanupTimeoutMs);
    expect(events).to.deep.equal(['/stays overran', 'cutting /stays']);
  });
});
