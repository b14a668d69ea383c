// Goal: SIGUSR1 during the boot opens no inspector, through which any code could run, and kills
// neither the command nor a booting mold. Method: signals every few milliseconds from the start of
// the process until the server is ready, begun at various moments; the ports that its processes
// listen on.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { fixtureApp, Server } from '../support/server.js';
import { portsOf } from '../support/shared-files.js';
import { until } from '../support/until.js';

const everyMs = 5;
const inspectorPort = 9229;

/** Whether the process has a handler for SIGUSR1, Node's or ours. False if it is gone. */
function catches(pid: number): boolean {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return false;
  }
  const mask = BigInt(`0x${/^SigCgt:\t(\w+)$/m.exec(status)?.[1] ?? '0'}`);
  return (mask & (1n << BigInt(constants.signals.SIGUSR1 - 1))) !== 0n;
}

describe('SIGUSR1 during the boot', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /**
   * Signals the monitor, or the booting process, until the server is ready; true if it survives.
   */
  async function hail(firstMs: number, whom: () => number | undefined): Promise<boolean> {
    const started = performance.now();
    await until('the first moment', () => performance.now() - started >= firstMs, 1_000);
    const timer = setInterval(() => {
      const pid = whom();
      if (pid !== undefined && server.isRunning) process.kill(pid, 'SIGUSR1');
    }, everyMs);
    try {
      await until('the end of the boot', () => {
        return !server.isRunning || server.log('all workers are ready').length > 0;
      });
    } finally {
      clearInterval(timer);
    }
    return server.isRunning;
  }

  for (const firstMs of [0, 20, 60])
    it(`leaves no inspector open, from ${firstMs} ms on (S9)`, async () => {
      server = await Server.start({ app: fixtureApp('plain.mjs'), eager: true });
      if (await hail(firstMs, () => server.pid)) {
        await expectPostConditions(server, { workers: 2 });
        await server.stop();
        return;
      }
      // Before Node's own handler is installed, the signal ends it like any program.
      expect(await server.exit).to.deep.equal({ code: null, signal: 'SIGUSR1' });
      expect(server.text()).to.equal('');
    });

  // The moments differ by luck: the process may wait for its order, or not yet.
  for (const attempt of [1, 2, 3, 4])
    it(`leaves none open in the first mold, and does not end it (S9), ${attempt}`, async () => {
      server = await Server.start({ app: fixtureApp('plain.mjs'), eager: true });
      // In the first instant it is not Node yet, and the signal would end it.
      const mold = () => {
        const pid = server.log('booting')[0]?.pid;
        return pid !== undefined && catches(pid) ? pid : undefined;
      };
      expect(await hail(0, mold), server.text()).to.equal(true);
      const { pid } = (await server.stats()).mold ?? { pid: 0 };
      expect(portsOf(pid)).to.not.include(inspectorPort);
      await expectPostConditions(server, { workers: 2 });
      await server.stop();
    });
});
