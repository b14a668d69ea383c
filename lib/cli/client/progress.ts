// Shows the progress of a rollout at a terminal.
import { printableLine } from '../../base/printable.js';
import type { Stats } from '../../control-api/stats.js';
import { answerTo, type ControlPoint } from './control-client.js';

const pollMs = 250;
const eraseLine = '\r\x1b[K';

/**
 * On a terminal, until `stop` is called; scripts get the result only. A server that does not answer
 * meanwhile is no error.
 */
export function showProgress(point: ControlPoint): { stop(): void } {
  if (!process.stderr.isTTY) return { stop: () => undefined };
  let stopped = false;
  const show = async (): Promise<void> => {
    const stats = await answerTo(point, 'stats');
    if (!stopped) process.stderr.write(`${eraseLine}${printableLine(progressText(stats))}`);
  };
  const timer = setInterval(() => void show().catch(() => undefined), pollMs);
  return {
    stop() {
      stopped = true;
      clearInterval(timer);
      process.stderr.write(eraseLine);
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
