// A server under load, with trouble at random moments: does it lose a request, a process, a
// descriptor, memory? The seed reproduces the choices, though not the exact moments at which they
// hit the server.
//   node dist/benchmarks/soak.js [--seconds 120] [--seed 7] [--workers 4] [--engine node]
// Exits with 0 if it found no fault.
import { parseArgs } from 'node:util';
import { memoryOf } from '../lib/system/proc/process-memory.js';
import { failures, startLoad, type LoadResult } from '../spec/support/load.js';
import {
  baseline,
  expectPostConditions,
  metricValue,
  type Baseline,
} from '../spec/support/post-conditions.js';
import { descriptors } from '../spec/support/processes.js';
import { fixtureApp, Server } from '../spec/support/server.js';
import { until } from '../spec/support/until.js';
import { table } from './support/figures.js';
import { patient } from './support/patient.js';
import { between, seeded } from './support/seeded.js';
import { someTrouble, type Scene } from './support/trouble.js';
import { attribute, objections, type Findings } from './support/verdict.js';

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly workers: number;
  readonly engine: string;
}

const apps: Readonly<Record<string, string>> = { node: 'plain.mjs', uws: 'uws.mjs' };
const connectionsEach = 8;

/** Workers that are added at most. */
const mostMore = 2;

/** Milliseconds between two troubles, at least and at most. */
const pauses = [50, 1_000] as const;

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

/** Waits for the number of workers that is wanted, whatever it is now. */
async function setWorkers(server: Server, wanted: number): Promise<void> {
  const reached = async (): Promise<boolean> => {
    const { length } = (await patient(() => server.settled())).workers;
    if (length !== wanted)
      await server.ask('POST', length < wanted ? '/workers/add' : '/workers/remove');
    return length === wanted;
  };
  await until(`${wanted} workers`, reached, 60_000);
}

async function troubleFor(scene: Scene, seconds: number): Promise<string[]> {
  const { random, server } = scene;
  const errors: string[] = [];
  const under: Promise<void>[] = [];
  const end = Date.now() + seconds * 1_000;
  while (Date.now() < end && server.isRunning) {
    const trouble = someTrouble(random);
    const left = ((end - Date.now()) / 1_000).toFixed(1);
    const size = mib((await memoryOf(server.pid))?.private ?? NaN);
    console.log(`${left} s left, monitor ${size} MiB: ${trouble.name}`);
    under.push(
      patient(() => trouble.do(scene)).then(
        () => undefined,
        (error: unknown) => void errors.push(`${trouble.name}: ${String(error)}`),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, between(...pauses, random)));
  }
  await Promise.all(under);
  return errors;
}

/** The server as it is after a refork, with the queues of all workers that it may have. */
async function settledServer(server: Server, workers: number): Promise<Baseline> {
  // The queues of added workers stay open, so they are there before as well.
  await setWorkers(server, workers + mostMore);
  await setWorkers(server, workers);
  await server.refork();
  await server.settled(1);
  return baseline(server);
}

const privateMemory = async (server: Server): Promise<number> =>
  (await memoryOf(server.pid))?.private ?? NaN;

/** The figures of the clients, and the faults. */
async function ordeal(
  scene: Scene,
  { seconds, workers }: Options,
): Promise<{ results: LoadResult[]; problems: string[] }> {
  const { server } = scene;
  const loads = (['keepalive', 'close'] as const).map((mode) => {
    const limits = { conns: connectionsEach, seconds: seconds + 120, samples: 10_000 };
    return startLoad({ port: server.port, mode, ...limits });
  });
  const problems: string[] = [];
  try {
    await Promise.all(loads.map(({ started }) => started));
    problems.push(...(await troubleFor(scene, seconds)));
    await setWorkers(server, workers);
  } catch (error) {
    problems.push(String(error));
  }
  return { results: await Promise.all(loads.map((load) => load.stop())), problems };
}

async function soak(options: Options): Promise<Findings> {
  const { seed, workers, engine } = options;
  const app = apps[engine];
  if (app === undefined) throw new Error(`--engine: expected node or uws, got "${engine}"`);
  const server = await Server.start({
    app: fixtureApp(app),
    workers,
    config: `engine: '${engine}',`,
  });
  try {
    const before = await settledServer(server, workers);
    const memoryBefore = await privateMemory(server);
    const random = seeded(seed);
    const scene: Scene = { server, random, mostWorkers: workers + mostMore, kills: [] };
    const { results, problems } = await ordeal(scene, options);
    const note = (error: unknown): void => void problems.push(String(error));
    await expectPostConditions(server, { workers, baseline: before }).catch(note);
    // A stopped worker is not stopped for as long as that.
    for (const { reason = '' } of server.log('killing'))
      if (reason.includes('no sign of life')) problems.push(`a worker was killed: ${reason}`);
    const metrics = await server.metrics();
    const rolledOut = (what: string): number =>
      metricValue(metrics, `pitchfork_${what}_total`, { result: 'success' });
    const sum = (of: (result: LoadResult) => number): number =>
      results.reduce((total, result) => total + of(result), 0);
    const samples = results.flatMap((result) => result.samples);
    const found: Findings = {
      ...{ sent: sum(({ sent }) => sent), answered: sum(({ ok }) => ok), failed: sum(failures) },
      ...attribute(samples, scene.kills),
      kills: scene.kills.length,
      reforks: rolledOut('reforks'),
      phasedRestarts: rolledOut('phased_restarts'),
      hotRestarts: (await server.stats()).restarts,
      zombies: server.processes().filter(({ state }) => state === 'Z').length,
      descriptors: [before.descriptors.length, descriptors(server.pid).size],
      memory: [memoryBefore, await privateMemory(server)],
      problems,
    };
    await server.stop().catch(note);
    return found;
  } finally {
    await server.destroy();
  }
}

function report(found: Findings): string {
  const [descriptorsBefore, descriptorsAfter] = found.descriptors;
  const [memoryBefore, memoryAfter] = found.memory;
  return table([
    ['requests sent', String(found.sent)],
    ['answered with 200', String(found.answered)],
    ['lost', String(found.lost.length)],
    ['lost inside killed processes', String(found.inside.length)],
    ['processes killed', String(found.kills)],
    ['reforks', String(found.reforks)],
    ['phased restarts', String(found.phasedRestarts)],
    ['hot restarts', String(found.hotRestarts)],
    ['zombies', String(found.zombies)],
    ['descriptors of the monitor', `${descriptorsBefore}, then ${descriptorsAfter}`],
    ['private memory of the monitor, MiB', `${mib(memoryBefore)}, then ${mib(memoryAfter)}`],
  ]);
}

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { seconds: text, seed: text, workers: text, engine: text },
});
const options: Options = {
  seconds: Number(values.seconds ?? 120),
  seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 32)),
  workers: Number(values.workers ?? 4),
  engine: values.engine ?? 'node',
};
console.log(`seed ${options.seed}, ${options.seconds} s, ${options.workers} workers`);
const found = await soak(options);
console.log(report(found));
for (const failure of found.lost.slice(0, 20)) console.log(`lost: ${JSON.stringify(failure)}`);
const wrong = objections(found);
for (const objection of wrong) console.log(`failed: ${objection}`);
console.log(wrong.length === 0 ? `passed, seed ${options.seed}` : `seed ${options.seed}`);
process.exitCode = wrong.length === 0 ? 0 : 1;
