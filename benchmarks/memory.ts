// Memory saved by copy-on-write: the memory of four workers right after a refork, against four
// workers of node:cluster, with the same app and the same cache, filled by requests. The figure is
// PSS, which divides a shared page among the processes that share it.
//   node dist/benchmarks/memory.js [MiB of cache, 150]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { memoryOf } from '../lib/system/proc/process-memory.js';
import { Client } from '../spec/support/client.js';
import { failures, startLoad } from '../spec/support/load.js';
import { Server } from '../spec/support/server.js';
import { until } from '../spec/support/until.js';
import { table } from './support/figures.js';

const workers = 4;
/** One request fills this much. */
const fillStepMib = 10;
const fillTimeoutMs = 120_000;
const requestsAfterwards = 10_000;

interface Sums {
  readonly workersMib: number;
  /** With the mold and the monitor, or the primary. */
  readonly allMib: number;
}

const fileOf = (name: string): string =>
  fileURLToPath(new URL(`./support/${name}.js`, import.meta.url));

async function pssMib(pids: readonly number[]): Promise<number> {
  const found = await Promise.all(pids.map(memoryOf));
  return found.reduce((sum, memory) => sum + (memory?.pss ?? NaN), 0) / 2 ** 20;
}

/** Through one connection, so that one worker gets it all. */
async function fill(client: Client, mib: number): Promise<number> {
  let heapMib = 0;
  for (let filled = 0; filled < mib; filled += fillStepMib)
    ({ heapMib } = await client.json<{ heapMib: number }>(`/fill/${fillStepMib}`));
  return heapMib;
}

async function read(port: number): Promise<void> {
  const result = await startLoad({ port, mode: 'close', conns: 8, max: requestsAfterwards }).done;
  if (failures(result) > 0) throw new Error(JSON.stringify(result));
}

async function forked(mib: number): Promise<[fresh: Sums, used: Sums]> {
  const server = await Server.start({ app: fileOf('cache-app'), workers });
  try {
    const client = new Client(server.port);
    await fill(client, mib);
    await until('its figures to arrive', async () =>
      (await server.stats()).workers.some(({ requests }) => requests >= mib / fillStepMib),
    );
    client.close();
    await server.refork();
    const look = async (): Promise<Sums> => {
      const stats = await server.settled(1);
      const pids = stats.workers.map(({ pid }) => pid);
      return {
        workersMib: await pssMib(pids),
        allMib: await pssMib([...pids, stats.mold?.pid ?? 0, server.pid]),
      };
    };
    const fresh = await look();
    await read(server.port);
    const used = await look();
    await server.stop();
    return [fresh, used];
  } finally {
    await server.destroy();
  }
}

async function clustered(mib: number): Promise<[fresh: Sums, used: Sums]> {
  const primary = fork(fileOf('cluster-server'), [String(workers)], { execArgv: ['--expose-gc'] });
  try {
    const [{ port, pids }] = (await once(primary, 'message')) as [{ port: number; pids: number[] }];
    const filled = new Set<number>();
    await until(
      'all workers to be filled',
      async () => {
        const client = new Client(port);
        const { pid } = await client.json<{ pid: number }>();
        if (!filled.has(pid)) await fill(client, mib);
        // Without its garbage: what is compared is what is kept.
        if (!filled.has(pid)) await client.json('/collect');
        filled.add(pid);
        client.close();
        return filled.size === workers;
      },
      fillTimeoutMs,
    );
    const look = async (): Promise<Sums> => ({
      workersMib: await pssMib(pids),
      allMib: await pssMib([...pids, primary.pid ?? 0]),
    });
    const fresh = await look();
    await read(port);
    return [fresh, await look()];
  } finally {
    primary.disconnect();
    await once(primary, 'exit');
  }
}

const mib = Number(process.argv[2] ?? 150);
const ours = await forked(mib);
const theirs = await clustered(mib);
const row = (what: string, one: number, other: number): string[] => [
  what,
  ...[one, other].map((figure) => figure.toFixed(0)),
  (one / other).toFixed(3),
];
const rows = [['PSS in MiB', 'pitchfork-ts', 'node:cluster', 'ratio']];
for (const [index, when] of ['after the refork', `${requestsAfterwards} requests later`].entries())
  rows.push(
    row(
      `${workers} workers, ${when}`,
      ours[index]?.workersMib ?? NaN,
      theirs[index]?.workersMib ?? NaN,
    ),
    row(`all processes, ${when}`, ours[index]?.allMib ?? NaN, theirs[index]?.allMib ?? NaN),
  );
console.log(`${workers} workers with ${mib} MiB of cache`);
console.log(table(rows));
