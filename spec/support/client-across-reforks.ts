// Checks of every client of a backend that an app opens at boot and uses in each request, without a
// hook: five reforks under load lose no request and mix up no answer, no connection is ever used by
// two processes, the backend logs no complaint, and a frozen mold has none open.
import { expect } from 'chai';
import { fromEachWorker } from './each-worker.js';
import { failures, startLoad } from './load.js';
import { connectedSockets } from './shared-files.js';
import { fixtureApp, Server } from './server.js';
import type { Backend } from './servers/backend.js';
import { until } from './until.js';

/** One answer of the backend: the process that asked and the backend's name of the connection. */
interface Use {
  readonly pid: number;
  readonly connection: string;
}

export interface ClientOptions {
  /** In spec/fixtures/apps/clients. */
  app: string;
  backend: Backend;
  /** The most that each process opens. */
  connections: number;
  /** Number that each process uses at boot; by default all that it opens. */
  atBoot?: number;
}

const workers = 3;
const reforks = 5;
export const lanes = 4;

/** Stops the server, but not the backend. */
export async function expectToSurviveReforks(options: ClientOptions): Promise<void> {
  const { app, backend } = options;
  const env = backend.env;
  const server = await Server.start({ app: fixtureApp(`clients/${app}`), workers, env });
  try {
    const uses = usesAtBoot(server);
    expect(
      new Set(uses.map(({ connection }) => connection)).size,
      'connections of the boot',
    ).to.equal(options.atBoot ?? options.connections);
    const load = startLoad({ port: server.port, conns: lanes, seconds: 90 });
    try {
      await load.started;
      for (let generation = 0; generation <= reforks; generation++) {
        if (generation > 0) expect((await server.refork()).body).to.include({ ok: true });
        await server.settled(generation);
        uses.push(...(await fromEachWorker<Use>(server, '/')).values());
        await expectNoneOfMold(server, backend, uses);
        await expectCutNamed(server, options);
      }
    } finally {
      const result = await load.stop();
      uses.push(...Object.keys(result.bodies).flatMap(parseUse));
      expect(failures(result), JSON.stringify(result)).to.equal(0);
    }
    expectOneProcessEach(uses);
    await expectOnlyOfWorkers(server, options, uses);
    expect(await backend.complaints(), 'complaints of the backend').to.deep.equal([]);
    await server.stop();
    await until('the backend to have no connection left', async () => {
      expect(await backend.connections()).to.deep.equal([]);
      return true;
    });
  } finally {
    await server.destroy();
  }
}

const parseUse = (text: string): Use[] => (text.startsWith('{') ? [JSON.parse(text) as Use] : []);

const usesAtBoot = (server: Server): Use[] =>
  server
    .text()
    .split('\n')
    .filter((line) => line.startsWith('used '))
    .flatMap((line) => parseUse(line.slice('used '.length)));

const connectionsOf = (uses: readonly Use[], pid: number): string[] => [
  ...new Set(uses.filter((use) => use.pid === pid).map(({ connection }) => connection)),
];

/** By the account of the backend and of the kernel. */
async function expectNoneOfMold(server: Server, backend: Backend, uses: Use[]): Promise<void> {
  const pid = (await server.stats()).mold?.pid ?? 0;
  const own = connectionsOf(uses, pid);
  expect(own, `connections that mold ${pid} has used`).to.not.be.empty;
  await until(`the end of ${own.join(', ')}, which are mold ${pid}’s`, async () => {
    expect(await backend.connections()).to.not.include.members(own);
    return true;
  });
  expect(connectedSockets(pid), `connected sockets of mold ${pid}`).to.deep.equal([]);
}

/** In the log of each mold: only the backend’s connections. */
async function expectCutNamed(server: Server, options: ClientOptions): Promise<void> {
  const { pid } = (await server.stats()).mold ?? {};
  const line = await server.logged('cut connections of the app', { pid });
  expect(line['count']).to.be.within(1, options.connections);
  const names = line['connections'] as string[];
  const peer = `→ ${options.backend.address}`;
  expect(names.filter((name) => !name.endsWith(peer))).to.deep.equal([]);
}

function expectOneProcessEach(uses: readonly Use[]): void {
  const users = new Map<string, Set<number>>();
  for (const { connection, pid } of uses)
    users.set(connection, (users.get(connection) ?? new Set()).add(pid));
  const shared = [...users].filter(([, pids]) => pids.size > 1);
  expect(
    shared.map(([connection, pids]) => `${connection}: ${[...pids].join(', ')}`),
    'connections that several processes used',
  ).to.deep.equal([]);
}

async function expectOnlyOfWorkers(
  server: Server,
  { backend, connections }: ClientOptions,
  uses: readonly Use[],
): Promise<void> {
  const pids = (await server.stats()).workers.map(({ pid }) => pid);
  await until(`no connections but those of workers ${pids.join(', ')}`, async () => {
    const open = await backend.connections();
    expect(open.length, `open: ${open.join(', ')}`).to.be.at.most(workers * connections);
    // One that was never used is a worker's too: pools open more than they need in the end.
    const strangers = uses.filter(
      ({ connection, pid }) => open.includes(connection) && !pids.includes(pid),
    );
    expect(strangers, 'open connections of processes that are gone').to.deep.equal([]);
    return true;
  });
}
