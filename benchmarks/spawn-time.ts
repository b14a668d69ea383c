// Time saved by a fork: from the order to a serving worker, for a forked worker and for a freshly
// started process that loads the same app, with three sizes of the heap that the app builds while
// it is loaded. Both take turns.
//   node dist/benchmarks/spawn-time.js [rounds, 7]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Server } from '../spec/support/server.js';
import { until } from '../spec/support/until.js';
import { spread, table } from './support/figures.js';

const cacheSizesMib = [20, 140, 390];
/** Building the largest cache takes seconds, on a busy machine many. */
const config = `spawnTimeout: '60s',`;

const fileOf = (name: string): string =>
  fileURLToPath(new URL(`./support/${name}.js`, import.meta.url));

/** From the order that the monitor gives to the worker's word that it accepts, by its log. */
async function forkedMs(server: Server): Promise<number> {
  const added = () => server.log('ready').filter(({ slot }) => slot === 1);
  const before = added().length;
  await server.ask('POST', '/workers/add');
  const { ms, pid } = await until('the worker to be ready', () => added()[before]);
  await server.ask('POST', '/workers/remove');
  await until('the worker to leave', () => server.log('exited').some((line) => line.pid === pid));
  return Number(ms);
}

/** From the start of the process to the first answer. */
async function freshMs(env: Record<string, string>): Promise<number> {
  const started = performance.now();
  const child = fork(fileOf('fresh-server'), { env: { ...process.env, ...env } });
  try {
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    const request = get({ host: '127.0.0.1', port, agent: false });
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
    response.resume();
    return performance.now() - started;
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}

async function compare(cacheMib: number, rounds: number): Promise<string[]> {
  const env = { CACHE_MIB: String(cacheMib) };
  const forked: number[] = [];
  const fresh: number[] = [];
  const server = await Server.start({ app: fileOf('cache-app'), workers: 1, env, config });
  try {
    for (let round = 0; round < rounds; round++) {
      forked.push(await forkedMs(server));
      fresh.push(await freshMs(env));
    }
    await server.stop();
  } finally {
    await server.destroy();
  }
  const ratios = fresh.map((ms, round) => ms / (forked[round] ?? NaN));
  return [`${cacheMib} MiB`, spread(forked), spread(fresh), spread(ratios)];
}

const rounds = Number(process.argv[2] ?? 7);
const rows = [['cache', 'forked, ms', 'fresh, ms', 'ratio']];
for (const cacheMib of cacheSizesMib) rows.push(await compare(cacheMib, rounds));
console.log(`order to serving: median (minimum to maximum) of ${rounds} rounds`);
console.log(table(rows));
