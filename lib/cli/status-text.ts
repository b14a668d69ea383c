// The stats of a server as a table for people.
import type { Stats, WorkerStats } from '../monitor/stats.js';

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
] as const;

const bytesPerMib = 2 ** 20;

export function statusText(stats: Stats): string {
  const { mold } = stats;
  const rows = [
    [...heading],
    ...(mold
      ? [['mold', mold.pid, mold.generation, mold.phase, mold.ready ? 'frozen' : 'preparing']]
      : []),
    ...stats.workers.map((worker) => row(worker, worker.ready ? 'serving' : 'starting')),
    ...stats.leaving.map((worker) => row(worker, 'leaving')),
  ].map((cells) => cells.map(String));
  return [summary(stats), ...errors(stats), '', ...table(rows), ''].join('\n');
}

function summary({ pid, generation, phase, shuttingDown, refork }: Stats): string {
  const doing = shuttingDown ? 'shutting down' : `refork ${refork.state}`;
  return `monitor ${pid}, generation ${generation}, phase ${phase}, ${doing}`;
}

function errors({ refork }: Stats): string[] {
  const { unforkable } = refork;
  return [
    ...(unforkable === null ? [] : [`workers are booted afresh: the app ${unforkable}`]),
    ...(refork.lastError === null ? [] : [`the last refork failed: ${refork.lastError}`]),
  ];
}

function row(worker: WorkerStats, state: string): (string | number)[] {
  const { slot, pid, generation, phase, requests, inFlight, memory, heartbeatAge } = worker;
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
  ];
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
