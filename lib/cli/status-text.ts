// The stats of a server as a table for people.
import { printableLine } from '../base/printable.js';
import type { ServiceStats, Stats, WorkerStats } from '../control-api/stats.js';
import { progressText } from './client/progress.js';

const heading = [
  'slot',
  'pid',
  'generation',
  'phase',
  'state',
  'requests',
  'in flight',
  'private',
  'shared',
  'heartbeat',
  'age',
] as const;

const bytesPerMib = 2 ** 20;

export function statusText(stats: Stats): string {
  const { mold, service } = stats;
  const rows = [
    [...heading],
    ...(mold
      ? [['mold', mold.pid, mold.generation, mold.phase, mold.ready ? 'frozen' : 'preparing']]
      : []),
    ...stats.workers.map((worker) => row(worker, worker.ready ? 'serving' : 'starting')),
    ...(service ? [row(service, service.ready ? 'running' : 'not ready')] : []),
    ...stats.leaving.map((worker) => row(worker, 'leaving')),
  ].map((cells) => cells.map(String));
  return [summary(stats), ...errors(stats), '', ...table(rows), ''].map(printableLine).join('\n');
}

function summary(stats: Stats): string {
  const { pid, generation, phase, shuttingDown } = stats;
  const doing = shuttingDown ? 'shutting down' : progressText(stats);
  return `monitor ${pid}, generation ${generation}, phase ${phase}, ${doing}`;
}

function errors({ refork }: Stats): string[] {
  const { unforkable } = refork;
  return [
    ...(unforkable === null ? [] : [`workers are booted afresh: the app ${unforkable}`]),
    ...(refork.lastError === null ? [] : [`the last rollout failed: ${refork.lastError}`]),
  ];
}

function row(child: ServiceStats & Partial<WorkerStats>, state: string): (string | number)[] {
  const { slot = 'service', requests = '-', inFlight = '-' } = child;
  const { pid, generation, phase, memory, heartbeatAge, age } = child;
  return [
    slot,
    pid,
    generation,
    phase,
    state,
    requests,
    inFlight,
    mib(memory?.private),
    mib(memory?.shared),
    heartbeatAge === null ? '-' : `${heartbeatAge.toFixed(1)}s`,
    duration(age),
  ];
}

/** In its two largest units, as people say it. */
function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)}d${hours % 24}h`;
  if (hours > 0) return `${hours}h${minutes % 60}m`;
  return minutes > 0 ? `${minutes}m${Math.floor(seconds % 60)}s` : `${Math.floor(seconds)}s`;
}

function mib(bytes: number | undefined): string {
  return bytes === undefined ? '-' : `${(bytes / bytesPerMib).toFixed(1)}M`;
}

function table(rows: readonly string[][]): string[] {
  const widths = heading.map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
