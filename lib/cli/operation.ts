// `pitchfork-ts refork` and the other operations: asks a running server for one.
import { printable } from '../base/printable.js';
import { UserError } from '../base/user-error.js';
import {
  accepted,
  answerTo,
  nameOf,
  request,
  type Answer,
  type ControlPoint,
} from './client/control-client.js';
import { controlPoint } from './client/find/control-point.js';
import { endsWithin } from './client/process-end.js';
import type { Invocation } from './client/invocation.js';
import { interruptible } from './interruptible.js';
import { outcomeText, remarks } from './client/outcome-text.js';
import { showProgress } from './client/progress.js';
import { restarted } from './client/restarted.js';
import { operations, type Operation, type OperationName } from '../control-api/routes.js';

/** From the last answer of a server to the end of its process. */
const endingMs = 10_000;

export async function requestOperation(
  name: OperationName,
  invocation: Invocation,
): Promise<number> {
  interruptible();
  const { ends, waits }: Operation = operations[name];
  const { wait } = invocation;
  const point = await controlPoint(invocation);
  // The process of a remote server cannot be watched: its answer has to do.
  const isWatched = wait && ends && 'socketPath' in point;
  const monitor = isWatched ? await monitorPid(point) : undefined;
  if (wait && !ends) interruptible(() => `${name}: goes on; \`pitchfork-ts status\` shows it`);
  const answered = request(point, name, wait);
  if (wait && !ends) {
    const answer = name === 'restart' ? untilRestarted(answered, point) : answered;
    report(name, await shown(answer, point));
    return 0;
  }
  if (monitor === undefined) accepted(await answered);
  else await untilOver(answered, monitor);
  process.stdout.write(printable(`${name}: ${wait || !waits ? 'done' : 'under way'}\n`));
  return 0;
}

function report(name: OperationName, answer: object): void {
  for (const remark of remarks(answer)) process.stdout.write(printable(`${name}: ${remark}\n`));
  process.stdout.write(printable(`${name}: ${outcomeText(answer)}\n`));
}

async function untilRestarted(answered: Promise<Answer>, point: ControlPoint) {
  const answer = await answered;
  await restarted(point, accepted(answer));
  return answer;
}

async function shown(answered: Promise<Answer>, point: ControlPoint): Promise<object> {
  const progress = showProgress(point);
  try {
    return accepted(await answered);
  } finally {
    progress.stop();
  }
}

async function monitorPid(point: ControlPoint): Promise<number> {
  const pid: unknown = (await answerTo(point, 'stats')).pid;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1)
    throw new UserError(`the server at ${nameOf(point)} does not report its pid`);
  return pid;
}

/** A stopping server may close the connection before it has answered: its end is the answer. */
async function untilOver(answered: Promise<Answer>, monitor: number): Promise<void> {
  const answer = await answered.catch(() => undefined);
  if (answer !== undefined) accepted(answer);
  if (!(await endsWithin(endingMs, monitor)))
    throw new UserError(`the server has not ended: its process ${monitor} is still there`);
}
