// Gives an order to a running server.
import { ConfigError } from '../config/config-error.js';
import { accepted, ask, controlPath } from './control-client.js';
import { endedWithin } from './ended.js';
import type { Invocation } from './invocation.js';
import { interruptible } from './interruptible.js';
import { showProgress } from './progress.js';
import { restarted } from './restarted.js';
import { orders, type OrderDescription, type OrderName } from './orders.js';

/** From the last answer of a server to the end of its process. */
const endingMs = 10_000;

export async function give(name: OrderName, invocation: Invocation): Promise<number> {
  interruptible();
  const order: OrderDescription = orders[name];
  const { wait } = invocation;
  const socket = await controlPath(invocation);
  const monitor = wait && order.ends ? await monitorPid(socket) : undefined;
  const answered = ask(socket, { method: 'POST', path: order.path, wait });
  if (wait && !order.ends)
    await shown(name === 'restart' ? untilRestarted(answered, socket) : answered, socket);
  else if (monitor === undefined) accepted(await answered);
  else await untilOver(answered, monitor);
  process.stdout.write(`${name}: ${wait || !order.waits ? 'done' : 'under way'}\n`);
  return 0;
}

async function untilRestarted(answered: ReturnType<typeof ask>, socket: string) {
  const answer = await answered;
  await restarted(socket, accepted(answer));
  return answer;
}

async function shown(answered: ReturnType<typeof ask>, socket: string): Promise<void> {
  const progress = showProgress(socket);
  try {
    accepted(await answered);
  } finally {
    progress.stop();
  }
}

async function monitorPid(socket: string): Promise<number> {
  const stats = accepted(await ask(socket, { method: 'GET', path: '/stats', wait: false }));
  const pid: unknown = Reflect.get(stats, 'pid');
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1)
    throw new ConfigError(`the server at ${socket} does not tell its pid`);
  return pid;
}

/** A server that leaves may close the connection before it has answered: its end is the answer. */
async function untilOver(answered: ReturnType<typeof ask>, monitor: number): Promise<void> {
  const answer = await answered.catch(() => undefined);
  if (answer !== undefined) accepted(answer);
  if (!(await endedWithin(endingMs, monitor)))
    throw new ConfigError(`the server has not ended: its process ${monitor} is still there`);
}
