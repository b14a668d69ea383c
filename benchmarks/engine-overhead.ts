// The cost of an engine: one worker's engine against the same handler in bare node:http and bare
// uWebSockets.js. Trials alternate, each in fresh processes, with the load in a process of its own.
// The client can be slower than uWebSockets.js: so besides requests per second, requests per second
// of the server's processor time are compared.
//   node dist/benchmarks/engine-overhead.js [pairs of trials, 8] [node|uws]
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { failures, startLoad } from '../spec/support/load.js';
import type { ServerMessage, Variant } from './support/overhead-server.js';

const warmUpSeconds = 0.5;
const measuredSeconds = 1.2;
const conns = 16;

interface Trial {
  perSecond: number;
  perCpuSecond: number;
}

async function ask<Kind extends ServerMessage>(child: ChildProcess): Promise<Kind> {
  const [message] = (await once(child, 'message')) as [Kind];
  return message;
}

async function trial(variant: Variant): Promise<Trial> {
  const file = fileURLToPath(new URL('./support/overhead-server.js', import.meta.url));
  const server = fork(file, [variant]);
  try {
    const { port } = await ask<{ port: number }>(server);
    await startLoad({ port, conns, seconds: warmUpSeconds }).done;
    server.send('reset');
    await ask(server);
    const result = await startLoad({ port, conns, seconds: measuredSeconds }).done;
    server.send('report');
    const { cpuSeconds } = await ask<{ cpuSeconds: number }>(server);
    if (failures(result) > 0) throw new Error(`${variant}: ${JSON.stringify(result)}`);
    return { perSecond: result.requestsPerSecond, perCpuSecond: result.ok / cpuSeconds };
  } finally {
    server.disconnect();
    await once(server, 'exit');
  }
}

function spread(numbers: number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (part: number): string =>
    (sorted[Math.round((sorted.length - 1) * part)] ?? 0).toFixed(3);
  return `median ${at(0.5)}, from ${at(0)} to ${at(1)}`;
}

async function compare(name: 'node' | 'uws', pairs: number): Promise<void> {
  const throughput: number[] = [];
  const efficiency: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    // The first of a pair may run on a cooler machine, so they take turns.
    const order: Variant[] = [`bare ${name}`, `engine ${name}`];
    if (pair % 2 === 1) order.reverse();
    const trials = new Map<Variant, Trial>();
    for (const variant of order) trials.set(variant, await trial(variant));
    const bare = trials.get(`bare ${name}`);
    const engine = trials.get(`engine ${name}`);
    if (!bare || !engine) return;
    throughput.push(engine.perSecond / bare.perSecond);
    efficiency.push(engine.perCpuSecond / bare.perCpuSecond);
    console.log(
      `${name} pair ${pair + 1}: ${engine.perSecond} against ${bare.perSecond} requests/s; ` +
        `${Math.round(engine.perCpuSecond)} against ${Math.round(bare.perCpuSecond)} per CPU second`,
    );
  }
  console.log(`${name}: requests/s, engine / bare: ${spread(throughput)}`);
  console.log(`${name}: requests per CPU second, engine / bare: ${spread(efficiency)}`);
}

const pairs = Number(process.argv[2] ?? 8);
const only = process.argv[3];
for (const name of ['node', 'uws'] as const)
  if (only === undefined || only === name) await compare(name, pairs);
