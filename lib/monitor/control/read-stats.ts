// The answer to GET /stats, from the fleet and /proc.
import { packageVersion } from '../../system/package-version.js';
import { memoryOf } from '../../system/proc/process-memory.js';
import type { Child, ChildState } from '../fleet/child.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Deaths } from '../observe/deaths.js';
import {
  all,
  currentMold,
  deathsIn,
  retainedMold,
  rolloutState,
  servingIn,
  slots,
} from '../fleet/queries.js';
import type {
  MoldStats,
  ReforkStats,
  RollbackStats,
  ServiceStats,
  Stats,
  WorkerStats,
} from '../../control-api/stats.js';

export interface StatsSource {
  readonly fleet: Fleet;
  readonly measurements: { readonly deaths: Pick<Deaths, 'record'> };
  /** Of the last rollout. */
  readonly rolloutTimes: { readonly startedAt: Date | null; readonly finishedAt: Date | null };
}

export async function readStats(source: StatsSource): Promise<Stats> {
  const { fleet } = source;
  const mold = currentMold(fleet);
  const leaving = all(fleet).filter(
    (child) => child.role === 'worker' && ['leaving', 'killed'].includes(child.state),
  );
  const service = all(fleet).find(({ role }) => role === 'service');
  return {
    pid: process.pid,
    phase: fleet.phase,
    generation: generationOf(fleet),
    restarts: fleet.restarts,
    shuttingDown: fleet.stopping !== null,
    mold: mold ? moldStats(mold) : null,
    workers: await Promise.all(slots(fleet).map((slot) => slotStats(fleet, slot))),
    leaving: await Promise.all(leaving.map((child) => workerStats(fleet, child))),
    service: service ? await serviceStats(service) : null,
    refork: reforkStats(source),
    deaths: source.measurements.deaths.record(),
    rollback: await rollbackStats(fleet),
    versions: { 'pitchfork-ts': packageVersion, node: process.versions.node },
  };
}

function moldStats({ pid, generation, phase }: Child): MoldStats | null {
  return pid === null ? null : { pid, generation, phase, ready: true };
}

async function rollbackStats(fleet: Fleet): Promise<RollbackStats> {
  const { retained, isAutomatic, unavailable } = fleet.rollouts.rollback;
  const old = retainedMold(fleet);
  const mold = old ? moldStats(old) : null;
  const until = retained?.until ?? null;
  return {
    mold: mold && { ...mold, memory: (await memoryOf(mold.pid)) ?? null },
    endsInMs: mold && until !== null ? Math.max(0, until - performance.now()) : null,
    automatic: mold !== null && isAutomatic,
    unavailable: mold ? null : unavailable,
  };
}

async function slotStats(fleet: Fleet, slot: number): Promise<WorkerStats> {
  const child = servingIn(fleet, slot);
  return child ? workerStats(fleet, child) : downStats(fleet, slot);
}

const states: Readonly<Record<ChildState, WorkerStats['state']>> = {
  booting: 'starting',
  spawning: 'starting',
  starting: 'starting',
  serving: 'serving',
  promoting: 'promoting',
  frozen: 'promoting',
  leaving: 'leaving',
  killed: 'leaving',
};

async function workerStats(fleet: Fleet, child: Child): Promise<WorkerStats> {
  const { requests, inFlight } = child.figures;
  const slot = child.slot ?? 0;
  return {
    slot,
    ...(await serviceStats(child)),
    state: states[child.state],
    ...deathsIn(fleet, slot, performance.now()),
    nextTryInMs: null,
    // Requests reach the app on arrival: none waits in a worker.
    ...{ requests, inFlight, backlog: 0 },
  };
}

/** The code and the mold are those of the next try. */
function downStats(fleet: Fleet, slot: number): WorkerStats {
  const now = performance.now();
  return {
    slot,
    pid: null,
    generation: generationOf(fleet),
    phase: fleet.phase,
    state: 'down',
    ready: false,
    ...deathsIn(fleet, slot, now),
    nextTryInMs: Math.max(0, fleet.starts.notBefore - now),
    ...{ requests: 0, inFlight: 0, backlog: 0 },
    ...{ age: null, heartbeatAge: null, eventLoopLag: null, memory: null },
  };
}

const generationOf = (fleet: Fleet): number =>
  currentMold(fleet)?.generation ?? Math.max(0, fleet.code.data.nextGeneration - 1);

async function serviceStats(child: Child): Promise<ServiceStats> {
  return {
    pid: child.pid,
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
