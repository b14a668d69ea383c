// Shows how a rollout gets on, for someone who waits for it: a line that changes on a terminal, and
// otherwise a line for each step.
import type { Stats } from '../monitor/stats.js';
import { accepted, ask } from './control-client.js';

const pollMs = 250;
const eraseLine = '\r\x1b[K';

/**
 * On stderr, until `stop` is called; a server that does not answer meanwhile is not complained of.
 */
export function showProgress(socket: string): { stop(): void } {
  const isTerminal = process.stderr.isTTY;
  let shown = '';
  const show = async (): Promise<void> => {
    const stats = await ask(socket, { method: 'GET', path: '/stats', wait: false })
      .then((answer) => accepted(answer) as Stats)
      .catch(() => undefined);
    const text = stats && progressText(stats);
    if (stopped || text === undefined || text === shown) return;
    shown = text;
    process.stderr.write(isTerminal ? `${eraseLine}${text}` : `${text}\n`);
  };
  let stopped = false;
  const timer = setInterval(() => void show(), pollMs);
  return {
    stop() {
      stopped = true;
      clearInterval(timer);
      if (isTerminal && shown !== '') process.stderr.write(eraseLine);
    },
  };
}

/** For example "rolling out: 2 of 4 workers are of phase 0, generation 3". */
export function progressText({ phase, generation, refork, workers, leaving }: Stats): string {
  if (refork.state !== 'rolling') return refork.state;
  const current = workers.filter(
    (worker) => worker.ready && worker.phase === phase && worker.generation === generation,
  );
  const drains = leaving.length === 0 ? '' : `, ${leaving.length} drain`;
  return (
    `rolling out: ${current.length} of ${workers.length} workers ` +
    `are of phase ${phase}, generation ${generation}${drains}`
  );
}
