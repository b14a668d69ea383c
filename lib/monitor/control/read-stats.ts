// The answer to GET /stats, from the fleet and /proc.
import { packageVersion } from '../../system/package-version.js';
import { memoryOf } from '../../system/process-memory.js';
import type { Child } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import { all, currentMold, rolloutState, servingIn } from '../fleet/queries.js';
import type { Deaths } from '../observe/deaths.js';
import type { ReforkStats, ServiceStats, Stats, WorkerStats } from '../../control-api/stats.js';

export interface StatsSource {
  readonly fleet: Fleet;
  readonly measurements: { readonly deaths: Pick<Deaths, 'record'> };
  /** Of the last rollout. */
  readonly rolloutTimes: { readonly startedAt: Date | null; readonly finishedAt: Date | null };
}

export async function readStats(source: StatsSource): Promise<Stats> {
  const { fleet } = source;
  const mold = currentMold(fleet);
  const slots = Array.from({ length: fleet.workers }, (_, slot) => servingIn(fleet, slot));
  const serving = slots.filter((child): child is Child => child !== undefined);
  const leaving = all(fleet).filter(
    (child) => child.role === 'worker' && ['leaving', 'killed'].includes(child.state),
  );
  const service = all(fleet).find(({ role }) => role === 'service');
  return {
    pid: process.pid,
    phase: fleet.phase,
    generation: mold?.generation ?? Math.max(0, fleet.code.data.nextGeneration - 1),
    restarts: fleet.restarts,
    shuttingDown: fleet.stopping !== null,
    mold: mold?.pid
      ? { pid: mold.pid, generation: mold.generation, phase: mold.phase, ready: true }
      : null,
    workers: await Promise.all(serving.map(workerStats)),
    leaving: await Promise.all(leaving.map(workerStats)),
    service: service ? await serviceStats(service) : null,
    refork: reforkStats(source),
    deaths: source.measurements.deaths.record(),
    versions: { 'pitchfork-ts': packageVersion, node: process.versions.node },
  };
}

async function workerStats(child: Child): Promise<WorkerStats> {
  const { requests, inFlight } = child.figures;
  // Requests reach the app on arrival: none waits in a worker.
  const counts = { requests, inFlight, backlog: 0 };
  return { slot: child.slot ?? 0, ...(await serviceStats(child)), ...counts };
}

async function serviceStats(child: Child): Promise<ServiceStats> {
  return {
    pid: child.pid ?? 0,
    generation: child.generation,
    phase: child.phase,
    ready: child.state === 'serving',
    age: (performance.now() - child.createdAt) / 1000,
    heartbeatAge: (performance.now() - child.lastHeard) / 1000,
    eventLoopLag: child.figures.eventLoopLagSeconds,
    memory: child.pid === null ? null : ((await memoryOf(child.pid)) ?? null),
  };
}

function reforkStats({ fleet, rolloutTimes }: StatsSource): ReforkStats {
  return {
    state: rolloutState(fleet),
    lastError: fleet.rollouts.lastError,
    unforkable: fleet.unforkable?.reason ?? null,
    startedAt: rolloutTimes.startedAt?.toISOString() ?? null,
    finishedAt: rolloutTimes.finishedAt?.toISOString() ?? null,
  };
}
