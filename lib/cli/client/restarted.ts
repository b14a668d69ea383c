// Waits for a hot restart and the rollout that follows it: the monitor that was asked cannot
// answer, since another program is in its place by then.
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../base/user-error.js';
import { answerTo, type ControlPoint } from './control-client.js';

const pollMs = 100;
/** Connections that the old program has accepted are cut; the next ones wait for the new one. */
const mostFailures = 3;

/** `answer` is that of the restart. Throws a UserError if the old program or its code goes on. */
export async function restarted(point: ControlPoint, answer: object): Promise<void> {
  const restarts: unknown = Reflect.get(answer, 'restarts');
  let failures = 0;
  for (;;) {
    await sleep(pollMs);
    const stats = await answerTo(point, 'stats').catch((error: unknown) => {
      if (++failures >= mostFailures) throw error;
    });
    if (!stats) continue;
    failures = 0;
    if (stats.shuttingDown) throw new UserError('the server was stopped');
    if (stats.refork.state !== 'idle') continue;
    const { lastError } = stats.refork;
    if (lastError !== null) throw new UserError(lastError);
    if (typeof restarts === 'number' && stats.restarts >= restarts) return;
    throw new UserError('the restart was not performed');
  }
}
