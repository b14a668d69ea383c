// Gives an order to a running server.
import { UserError } from '../base/user-error.js';
import { accepted, ask, controlPoint, nameOf, type ControlPoint } from './client/control-client.js';
import { endsWithin } from './client/process-end.js';
import type { Invocation } from './client/invocation.js';
import { interruptible } from './interruptible.js';
import { showProgress } from './client/progress.js';
import { restarted } from './client/restarted.js';
import {
  operations,
  type OperationDescription,
  type OperationName,
} from '../control-api/operations.js';

/** From the last answer of a server to the end of its process. */
const endingMs = 10_000;

export async function operate(name: OperationName, invocation: Invocation): Promise<number> {
  interruptible();
  const order: OperationDescription = operations[name];
  const { wait } = invocation;
  const point = await controlPoint(invocation);
  // The process of a server that is asked over TCP cannot be seen: its answer has to do.
  const seen = wait && order.ends && 'socketPath' in point;
  const monitor = seen ? await monitorPid(point) : undefined;
  const answered = ask(point, { method: 'POST', path: order.path, wait });
  if (wait && !order.ends)
    await shown(name === 'restart' ? untilRestarted(answered, point) : answered, point);
  else if (monitor === undefined) accepted(await answered);
  else await untilOver(answered, monitor);
  process.stdout.write(`${name}: ${wait || !order.waits ? 'done' : 'under way'}\n`);
  return 0;
}

async function untilRestarted(answered: ReturnType<typeof ask>, point: ControlPoint) {
  const answer = await answered;
  await restarted(point, accepted(answer));
  return answer;
}

async function shown(answered: ReturnType<typeof ask>, point: ControlPoint): Promise<void> {
  const progress = showProgress(point);
  try {
    accepted(await answered);
  } finally {
    progress.stop();
  }
}

async function monitorPid(point: ControlPoint): Promise<number> {
  const stats = accepted(await ask(point, { method: 'GET', path: '/stats', wait: false }));
  const pid: unknown = Reflect.get(stats, 'pid');
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1)
    throw new UserError(`the server at ${nameOf(point)} does not tell its pid`);
  return pid;
}

/** A server that leaves may close the connection before it has answered: its end is the answer. */
async function untilOver(answered: ReturnType<typeof ask>, monitor: number): Promise<void> {
  const answer = await answered.catch(() => undefined);
  if (answer !== undefined) accepted(answer);
  if (!(await endsWithin(endingMs, monitor)))
    throw new UserError(`the server has not ended: its process ${monitor} is still there`);
}
