// The metrics that count events as they happen. Adding one takes an entry in the table below, under
// the event that it counts; a new event also takes a line in `Events`.
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Role } from '../api/hooks.js';
import { exitReasons, type ExitReason } from '../control-api/exit-reason.js';

export interface Events {
  /** A mold forked a worker, in that many seconds. */
  forked(seconds: number): void;
  /** A worker, a mold or the service worker exited. */
  exited(reason: ExitReason): void;
  /** A process was found to be out of descriptors. */
  outOfDescriptors(role: 'monitor' | Role): void;
  /** The audit refused a fork because of `subject`, for example the name of a package. */
  refused(subject: string): void;
  /** A rollout ended, after that many seconds. `automatic`: a rollback that nobody asked for. */
  rolledOut(
    kind: 'refork' | 'phased restart' | 'rollback',
    result: 'success' | 'failure',
    seconds: number,
    automatic?: boolean,
  ): void;
}

type Labels = Readonly<Record<string, string>>;

interface CountedMetric<Details extends unknown[]> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: string[];
  /** Label values that are exposed from the start, with a zero. */
  readonly initial?: readonly Labels[];
  /** Upper bounds in seconds; makes it a histogram instead of a counter. */
  readonly buckets?: number[];
  /** The labels and the value to count for an event; null: it is not counted here. */
  readonly sample: (...details: Details) => readonly [labels: Labels, value: number] | null;
}

type CountedMetrics = {
  readonly [Name in keyof Events]: readonly CountedMetric<Parameters<Events[Name]>>[];
};

const rollbackCauses = ['automatic', 'requested'] as const;
const rolloutResults = [{ result: 'success' }, { result: 'failure' }];

const countedMetrics: CountedMetrics = {
  forked: [
    {
      name: 'pitchfork_fork_duration_seconds',
      help: 'Duration of forks.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      sample: (seconds) => [{}, seconds],
    },
  ],
  exited: [
    {
      name: 'pitchfork_worker_exits_total',
      help: 'Exits of workers, molds and the service worker, by reason.',
      labelNames: ['reason'],
      initial: exitReasons.map((reason) => ({ reason })),
      sample: (reason) => [{ reason }, 1],
    },
  ],
  outOfDescriptors: [
    {
      name: 'pitchfork_out_of_descriptors_total',
      help: 'Processes found out of file descriptors, once every 3 s each, by role.',
      labelNames: ['role'],
      initial: ['monitor', 'mold', 'worker', 'service'].map((role) => ({ role })),
      sample: (role) => [{ role }, 1],
    },
  ],
  refused: [
    {
      name: 'pitchfork_fork_refusals_total',
      help: 'Fork refusals, by subject.',
      labelNames: ['subject'],
      sample: (subject) => [{ subject }, 1],
    },
  ],
  rolledOut: [
    {
      name: 'pitchfork_reforks_total',
      help: 'Completed reforks, by result.',
      labelNames: ['result'],
      initial: rolloutResults,
      sample: (kind, result) => (kind === 'refork' ? [{ result }, 1] : null),
    },
    {
      name: 'pitchfork_refork_duration_seconds',
      help: 'Duration of reforks, failed ones included.',
      buckets: [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
      sample: (kind, _result, seconds) => (kind === 'refork' ? [{}, seconds] : null),
    },
    {
      name: 'pitchfork_phased_restarts_total',
      help: 'Completed phased restarts, by result.',
      labelNames: ['result'],
      initial: rolloutResults,
      sample: (kind, result) => (kind === 'phased restart' ? [{ result }, 1] : null),
    },
    {
      name: 'pitchfork_rollbacks_total',
      help: 'Completed rollbacks to the old code, by cause and result.',
      labelNames: ['cause', 'result'],
      initial: rollbackCauses.flatMap((cause) =>
        rolloutResults.map((result) => ({ cause, ...result })),
      ),
      sample: (kind, result, _seconds, automatic) =>
        kind === 'rollback' ? [{ cause: automatic ? 'automatic' : 'requested', result }, 1] : null,
    },
  ],
};

/** Registers every metric of the table; the result counts events in them. */
export function countEvents(registry: Registry): Events {
  const counting = <Details extends unknown[]>(metrics: readonly CountedMetric<Details>[]) => {
    const counts = metrics.map((metric) => registerMetric(metric, registry));
    return (...details: Details): void => {
      for (const count of counts) count(...details);
    };
  };
  return {
    forked: counting(countedMetrics.forked),
    exited: counting(countedMetrics.exited),
    outOfDescriptors: counting(countedMetrics.outOfDescriptors),
    refused: counting(countedMetrics.refused),
    rolledOut: counting(countedMetrics.rolledOut),
  };
}

function registerMetric<Details extends unknown[]>(
  { sample, initial = [], buckets, ...definition }: CountedMetric<Details>,
  registry: Registry,
): (...details: Details) => void {
  const options = { ...definition, registers: [registry] };
  if (buckets) {
    const metric = new Histogram({ ...options, buckets });
    return (...details) => {
      const counted = sample(...details);
      if (counted) metric.observe(...counted);
    };
  }
  const metric = new Counter(options);
  for (const labels of initial) metric.inc(labels, 0);
  return (...details) => {
    const counted = sample(...details);
    if (counted) metric.inc(...counted);
  };
}
