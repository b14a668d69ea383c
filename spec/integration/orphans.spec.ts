// Goal: nothing outlives the monitor. Method: SIGKILL, which the monitor cannot handle, while a
// worker is in an endless loop, while one is stopped, and in the middle of a refork; within two
// seconds no process of the server is left, and the port is free.
import { expect } from 'chai';
import { isAlive, processOf } from '../support/processes.js';
import { canConnect, Server } from '../support/server.js';
import { until } from '../support/until.js';

/** The product's promise is a second; the rest is for a machine under load. */
const goneWithinMs = 2_000;

/** Clock ticks of CPU time that only a busy loop uses. */
const spinningTicks = 20;
/** A newborn is being forked within this time after the order to refork. */
const latestMs = 30;

const app = {
  text: `
export default ({ url }, response) => {
  if (url === '/spin') for (;;);
  response.end(JSON.stringify({ pid: process.pid }));
};
`,
};

const living = (server: Server): string[] =>
  server
    .processes()
    .filter(({ pid }) => isAlive(pid))
    .map(({ pid, state, title }) => `${pid} ${state} ${title}`);

async function killMonitor(server: Server): Promise<void> {
  server.signal('SIGKILL');
  await server.exit;
  try {
    await until('the end of all', () => living(server).length === 0, goneWithinMs);
  } catch (error) {
    expect(living(server), `${String(error)}; alive`).to.deep.equal([]);
  }
  // A process that has lost its memory, and with it its mark, may still be closing its files.
  const isClosed = async (): Promise<boolean> => !(await canConnect(server.port));
  await until('the port to be closed', isClosed, goneWithinMs);
}

describe('orphans of a killed monitor', () => {
  const servers: Server[] = [];
  const start = async (workers: number): Promise<Server> => {
    const server = await Server.start({ app, workers });
    servers.push(server);
    return server;
  };
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.destroy())));

  it('exit when they are idle', async () => {
    await killMonitor(await start(3));
  });

  it('exit from an endless loop', async () => {
    const server = await start(2);
    void server.get('/spin').catch(() => undefined);
    const { workers } = await server.stats();
    const ticksOf = (): number[] => workers.map(({ pid }) => processOf(pid)?.ticks ?? 0);
    const before = ticksOf();
    await until('a worker to spin', () =>
      ticksOf().some((ticks, slot) => ticks > (before[slot] ?? 0) + spinningTicks),
    );
    await killMonitor(server);
  });

  it('exit when they were stopped, mold and worker (O2)', async () => {
    const server = await start(2);
    const { workers, mold } = await server.stats();
    const stopped = [mold?.pid ?? 0, workers[0]?.pid ?? 0];
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    await until('both to stop', () => stopped.every((pid) => processOf(pid)?.state === 'T'));
    await killMonitor(server);
  });

  it('exit at any moment of a refork (O3)', async () => {
    const round = async (): Promise<void> => {
      const server = await start(2);
      server.signal('SIGURG');
      const afterMs = Math.random() * latestMs;
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      try {
        await killMonitor(server);
      } catch (error) {
        throw new Error(`${afterMs.toFixed(1)} ms after URG: ${String(error)}`, { cause: error });
      }
    };
    for (let rounds = 0; rounds < 20; rounds += 2) await Promise.all([round(), round()]);
  }).timeout(120_000);
});
