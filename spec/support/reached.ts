// Waits until a process of a server stands at a failpoint.
import type { Failpoint } from '../../lib/life/process/failpoint.js';
import type { Server } from './server.js';
import { until } from './until.js';

/** Resolves with the pid of the process that stopped there. */
export async function reached(
  server: Server,
  name: Failpoint,
  generation: number,
): Promise<number> {
  const line = new RegExp(`^failpoint ${name}@${generation} reached by (\\d+)$`, 'm');
  const pid = await until(
    `failpoint ${name} of generation ${generation}`,
    () => line.exec(server.text())?.[1],
    20_000,
  );
  return Number(pid);
}
