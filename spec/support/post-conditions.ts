// Conditions that hold after every fault (PC1 to PC8 of the fault matrix). PC5, the clean stop, is
// Server.stop(); PC6 and PC7, the log line and the metric, are in each spec.
import { expect } from 'chai';
import { descriptors } from './processes.js';
import type { LiveStats, Server } from './server.js';
import { portsOf, wronglyShared } from './shared-files.js';
import { until } from './until.js';

/** The state of a server after the boot, to compare with the state after the fault. */
export interface Baseline {
  readonly pid: number;
  /** Descriptors of the monitor, sorted by kind. */
  readonly descriptors: readonly string[];
}

export interface Expected {
  readonly workers: number;
  /** From `baseline`; the number of workers must be the same again. */
  readonly baseline?: Baseline;
  /** Requests that failed under load meanwhile. */
  readonly failed?: number;
  /** Time limit for all conditions to hold. */
  readonly withinMs?: number;
}

const inspectorPort = 9229;

/** Connections to the control socket and the metrics may still be closing. */
const settleMs = 5_000;
const freshRequests = 20;

/** The kind of each descriptor; numbers differ from socket to socket. */
const kindsOf = (pid: number): string[] =>
  [...descriptors(pid).values()].map((link) => link.replace(/\[\d+\]$/, '')).sort();

/** To be called when all workers are ready. */
export async function baseline(server: Server): Promise<Baseline> {
  let last: string[] = [];
  let unchanged = 0;
  await until('the descriptors of the monitor to stay the same', () => {
    const kinds = kindsOf(server.pid);
    unchanged = kinds.join() === last.join() ? unchanged + 1 : 0;
    last = kinds;
    return unchanged >= 10;
  });
  return { pid: server.pid, descriptors: last };
}

/** Checks PC1 to PC4 and PC8; returns the stats, for further checks of a spec. */
export async function expectPostConditions(server: Server, expected: Expected): Promise<LiveStats> {
  const { workers, failed = 0, withinMs = 20_000 } = expected;
  expect(failed, 'failed requests').to.equal(0);
  const stats = await until(
    `${workers} workers and one mold, and nobody else`,
    async () => {
      const found = await server.stats();
      expectFullStrength(found, workers);
      expectTree(server, found);
      return found;
    },
    withinMs,
  );
  for (let request = 0; request < freshRequests; request++) await server.get();
  expect(stats.pid, 'the pid of the monitor').to.equal(server.pid);
  expectSeparateProcesses(server);
  if (expected.baseline) await expectBaseline(expected.baseline);
  return stats;
}

function expectFullStrength({ workers, mold, leaving, refork }: LiveStats, wanted: number): void {
  expect(refork.state, 'state of the refork').to.equal('idle');
  expect(mold?.ready, 'mold ready').to.equal(true);
  expect(
    workers.map(({ slot, ready, generation }) => ({ slot, ready, generation })),
    'workers',
  ).to.deep.equal(
    Array.from({ length: wanted }, (_, slot) => ({
      slot,
      ready: true,
      generation: mold?.generation,
    })),
  );
  expect(leaving, 'workers that leave').to.deep.equal([]);
}

/** Checks that the monitor and its children are alive, and that no process is unknown. */
function expectTree(server: Server, stats: LiveStats): void {
  const { workers, mold, rollback, service } = stats;
  const processes = server.processes();
  const others = [...(service ? [service.pid] : []), ...(rollback.mold ? [rollback.mold.pid] : [])];
  const known = [server.pid, mold?.pid ?? 0, ...workers.map(({ pid }) => pid), ...others];
  expect(
    processes.map(({ pid }) => pid),
    `processes ${JSON.stringify(processes)}`,
  ).to.have.members(known);
  for (const { pid, parent, state, title } of processes) {
    expect(state, `state of ${title}`).to.not.equal('Z');
    if (pid !== server.pid) expect(parent, `parent of ${title}`).to.equal(server.pid);
  }
}

function expectSeparateProcesses(server: Server): void {
  const pids = server.processes().map(({ pid }) => pid);
  for (const pid of pids) expect(portsOf(pid), `ports of ${pid}`).to.not.include(inspectorPort);
  expect(wronglyShared(pids), 'open files that two processes share').to.deep.equal([]);
}

async function expectBaseline({ pid, descriptors: before }: Baseline): Promise<void> {
  await until(
    'the monitor to have the descriptors that it had before',
    () => {
      expect(kindsOf(pid)).to.deep.equal(before);
      return true;
    },
    settleMs,
  );
}

/** The value of a metric, with at least these labels, in Prometheus' text format; 0 if absent. */
export function metricValue(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) continue;
    const has = Object.entries(labels).every(([label, value]) =>
      `,${match[2] ?? ''},`.includes(`,${label}="${value}",`),
    );
    if (has) sum += Number(match[3]);
  }
  return sum;
}
