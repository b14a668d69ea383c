// Node opens its inspector, a door to run any code, on a SIGUSR1 that comes before there is a
// handler for it: in the first tens of milliseconds of a process, when no code of ours runs yet. It
// is closed as soon as some does.
import { close, url } from 'node:inspector';

/** A thread of Node's opens it: perhaps only now, for a signal of before. */
const laterMs = 200;

const isWanted = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)].some(
  (option) => option.startsWith('--inspect'),
);

const closeIt = (): void => {
  if (url() !== undefined) close();
};

/** To be called when there is a handler for SIGUSR1. */
export function closeStrayInspector(): void {
  if (isWanted) return;
  closeIt();
  setImmediate(closeIt);
  setTimeout(closeIt, laterMs).unref();
}
