// The schema of all reports, child to monitor. Every byte from a child is input: its app may have
// taken hold of the channel. Only the monitor's side loads this file (zod is not loaded for it in
// the app's processes); children use the type that is derived from it, in message.ts.
import { z } from 'zod';
import type { Finding } from './finding.js';
import type { Latency } from './latency.js';
import { textLength, truncated } from './limits.js';
import { Breach } from './lines.js';
import type { OptionDigests } from './restart-options.js';
import type { Trial } from './trial.js';

const text = (length: number) => z.string().transform((found) => truncated(found, length));
const name = text(textLength.name);
const line = text(textLength.line);
const stack = text(textLength.stack).nullable();
const count = z.int().nonnegative();
const id = z.int().positive();
const list = <Item extends z.ZodType>(item: Item) => z.array(item).max(1_000);

/** prom-client's JSON of a registry; validated by lib/metrics. */
const metrics = z.array(z.unknown()).nullable();

const latency = z.object({
  counts: z.array(count).max(64),
  sumSeconds: z.number().nonnegative(),
}) satisfies z.ZodType<Latency>;

/** A worker's counts; all totals are since its fork. */
const figures = z.object({
  requests: count,
  inFlight: count,
  latency,
  /** The largest delay of its event loop since the last report, in seconds. */
  eventLoopLagSeconds: z.number().nonnegative(),
});

const request = z.object({
  method: name,
  url: text(textLength.url),
  ageMs: z.number(),
});

/** The request in flight that is closest to its deadline, or furthest past it. */
const deadline = request.extend({
  /** The time left until `requestTimeout`; negative after it. */
  leftMs: z.number(),
});

const finding = z.object({
  subject: name,
  version: name.nullable(),
  severity: z.enum(['refuse', 'warn', 'info']),
  found: line,
  breaks: line,
  remedy: line,
  evidence: line.nullable(),
}) satisfies z.ZodType<Finding>;

const trial = z.object({ name, ok: z.boolean(), detail: line }) satisfies z.ZodType<Trial>;

export const reportSchema = z.discriminatedUnion('type', [
  /** A newborn's first report. Its pid is the kernel's to report. */
  z.object({ type: z.literal('born') }),
  /** A booted process has loaded the configuration: digests of its options. */
  z.object({
    type: z.literal('configured'),
    options: z.record(z.string().max(textLength.name), name) satisfies z.ZodType<OptionDigests>,
  }),
  /** A worker accepts connections, or the service worker has started its work. */
  z.object({ type: z.literal('serving') }),
  z.object({ type: z.literal('heartbeat'), figures, urgent: deadline.nullable() }),
  /** A request has exceeded `requestTimeout`; reported at most once by each worker. */
  z.object({ type: z.literal('overran'), request: deadline }),
  /** The current activity: active resources by type, and the oldest requests. */
  z.object({
    type: z.literal('traced'),
    resources: z.record(z.string().max(textLength.name), count),
    requests: list(request),
  }),
  /** The JavaScript stack of a blocked event loop, sent by the watchdog (native/watchdog.cc). */
  z.object({ type: z.literal('stuck'), stack: text(textLength.stack) }),
  /** A worker under promotion has no clients left; these are its last totals. */
  z.object({ type: z.literal('drained'), figures, metrics }),
  /** Findings that do not prevent the fork. */
  z.object({ type: z.literal('audited'), findings: list(finding) }),
  /** The audit refuses the fork. The process keeps serving, or exits. */
  z.object({ type: z.literal('refused'), findings: list(finding), leaves: z.boolean() }),
  /** The app has declared that its process must no longer become a mold. */
  z.object({ type: z.literal('unsafe'), reason: line }),
  /** A mold has cut these connections of the app, so that no two processes share one. */
  z.object({ type: z.literal('cut'), count, connections: list(line) }),
  /** A mold is about to block; from now on it can fork. */
  z.object({ type: z.literal('frozen') }),
  /** A mold has forked. */
  z.object({ type: z.literal('forked'), id, durationMs: z.number().nonnegative() }),
  /** A mold could not fork; it can be ordered to try again. */
  z.object({ type: z.literal('forkFailed'), id, reason: line, stack }),
  /** This process cannot continue in its role, and exits. */
  z.object({ type: z.literal('failed'), step: name, reason: line, stack }),
  /**
   * An uncaught exception or unhandled rejection in any child. Unless the app handles it, the
   * process ends now.
   */
  z.object({
    type: z.literal('uncaught'),
    origin: z.enum(['uncaughtException', 'unhandledRejection']),
    handled: z.boolean(),
    reason: line,
    stack,
  }),
  /** A mold, or a child not yet serving, exits in response to a signal or an order. */
  z.object({ type: z.literal('dismissed') }),
  /** The last totals of a worker that is about to exit. */
  z.object({ type: z.literal('leaving'), figures, metrics, cut: count }),
  /** The results of `exercise`; `draws` are random values, by generator. */
  z.object({
    type: z.literal('exercised'),
    trials: list(trial),
    draws: z.record(z.string().max(textLength.name), line),
  }),
  /** The app's metrics; null if they could not be collected. */
  z.object({ type: z.literal('measured'), request: id, metrics }),
  /** A message for operators; the monitor logs it together with the fields of this process. */
  z.object({
    type: z.literal('note'),
    level: z.enum(['info', 'warn', 'error']),
    text: line,
    reason: z.exactOptional(line),
    stack,
  }),
]);

/** Throws a Breach that names the rule: `heartbeat.figures.requests: expected number, …`. */
export function parseReport(line: string): z.infer<typeof reportSchema> {
  const found = parseJson(line);
  const { success, data, error } = reportSchema.safeParse(found);
  if (success) return data;
  const [issue] = error.issues;
  const path = (issue?.path ?? []).map((part) => truncated(String(part), textLength.name));
  const message = (issue?.message ?? 'invalid').replace(/^Invalid \w+: /, '');
  const type = typeOf(found);
  const place = [...(type === undefined ? [] : [type]), ...path].join('.') || 'a message';
  throw new Breach(truncated(`${place}: ${message}`, textLength.line));
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new Breach('a line that is not JSON');
  }
}

/** Undefined if it is not one of ours: then the text is the sender's. */
function typeOf(found: unknown): string | undefined {
  const type: unknown = Reflect.get(Object(found), 'type');
  return reportSchema.options.map(({ shape }) => shape.type.value).find((known) => known === type);
}
