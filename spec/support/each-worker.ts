// Asks every worker of a server. Which one answers is the kernel's choice, so requests go out, each
// on a connection of its own, until all have answered.
import type { Server } from './server.js';
import { until } from './until.js';

/** The first answer of each worker that serves now, by pid; answers are JSON with a `pid`. */
export async function fromEachWorker<Answer extends { pid: number }>(
  server: Server,
  path: string,
): Promise<Map<number, Answer>> {
  const serving = new Set((await server.stats()).workers.map(({ pid }) => pid));
  const answers = new Map<number, Answer>();
  await until(`an answer from each of ${[...serving].join(', ')}`, async () => {
    const answer = JSON.parse(await server.get(path)) as Answer;
    if (serving.has(answer.pid) && !answers.has(answer.pid)) answers.set(answer.pid, answer);
    return answers.size === serving.size;
  });
  return answers;
}
