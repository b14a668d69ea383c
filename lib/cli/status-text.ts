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
  const rows: Cells[] = [
    [...heading],
    ...(mold
      ? [['mold', mold.pid, mold.generation, mold.phase, mold.ready ? 'frozen' : 'preparing']]
      : []),
    ...retainedRow(stats.rollback),
    ...stats.workers.map((worker) =>
      worker.state === 'down' ? downRow(worker) : row(worker, worker.state),
    ),
    ...(service ? [row(service, service.ready ? 'running' : 'not ready')] : []),
    ...stats.leaving.map((worker) => row(worker, worker.state)),
  ].map((cells) => cells.map(String));
  return [summary(stats), ...errors(stats), '', ...table(rows), ''].map(printableLine).join('\n');
}

function summary(stats: Stats): string {
  const { pid, generation, phase, shuttingDown } = stats;
  const doing = shuttingDown ? 'shutting down' : (outage(stats) ?? progressText(stats));
  return `monitor ${pid}, generation ${generation}, phase ${phase}, ${doing}`;
}

/** Slots that are down matter more than the step of a rollout; null if there are none. */
function outage(stats: Stats): string | null {
  const { workers, refork } = stats;
  const down = workers.filter(({ state }) => state === 'down');
  if (down.length === 0) return null;
  const are = down.length === 1 ? 'slots is' : 'slots are';
  const count = `${down.length} of ${workers.length} ${are} down`;
  const effect = workers.some(({ ready }) => ready) ? count : `no worker serves: ${count}`;
  return refork.state === 'recovering' ? effect : `${effect}, ${progressText(stats)}`;
}

function errors({ refork }: Stats): string[] {
  const { unforkable } = refork;
  return [
    ...(unforkable === null ? [] : [`workers are booted afresh: the app ${unforkable}`]),
    ...(refork.lastError === null ? [] : [`the last rollout failed: ${refork.lastError}`]),
  ];
}

type Cells = readonly (string | number)[];

function row(child: ServiceStats & Partial<WorkerStats>, state: string): Cells {
  const { slot = 'service', requests = '-', inFlight = '-' } = child;
  const { pid, generation, phase, memory, heartbeatAge, age } = child;
  return [
    slot,
    pid ?? '-',
    generation,
    phase,
    state,
    requests,
    inFlight,
    mib(memory?.private),
    mib(memory?.shared),
    heartbeatAge === null ? '-' : `${heartbeatAge.toFixed(1)}s`,
    age === null ? '-' : duration(age),
  ];
}

/** The old mold, with the memory that it costs. */
function retainedRow({ mold, endsInMs }: Stats['rollback']): Cells[] {
  if (!mold) return [];
  const state = endsInMs === null ? 'kept' : `kept ${seconds(endsInMs)}`;
  const { pid, generation, phase, memory } = mold;
  return [
    [
      'old mold',
      pid,
      generation,
      phase,
      state,
      '-',
      '-',
      mib(memory?.private),
      mib(memory?.shared),
    ],
  ];
}

/** For example "down: exit code 1, 8 deaths in 20s, next try in 7s". */
function downRow({ slot, generation, phase, ...down }: WorkerStats): Cells {
  const { reason, deaths, deathsWithinMs, nextTryInMs } = down;
  const facts = [
    ...(reason === null ? [] : [reason]),
    ...(deathsWithinMs === null
      ? []
      : [`${deaths} ${deaths === 1 ? 'death' : 'deaths'} in ${seconds(deathsWithinMs)}`]),
    ...(nextTryInMs ? [`next try in ${seconds(nextTryInMs)}`] : []),
  ];
  return [slot, '-', generation, phase, ['down', facts.join(', ')].filter(Boolean).join(': ')];
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)}s`;

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

/** The last cell of a row may be longer than its column. */
function table(rows: readonly Cells[]): string[] {
  const texts = rows.map((cells) => cells.map(String));
  const isLast = (cells: readonly string[], column: number) => column === cells.length - 1;
  const widths = heading.map((_, column) =>
    Math.max(...texts.map((cells) => (isLast(cells, column) ? 0 : (cells[column]?.length ?? 0)))),
  );
  return texts.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
