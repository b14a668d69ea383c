// Closes an inspector opened by accident. A SIGUSR1 in the first tens of milliseconds of a process,
// before there is a handler, makes Node open its inspector, which lets clients run any code.
import { close, url } from 'node:inspector';

/** A thread of Node opens it, possibly some time after the signal. */
const laterMs = 200;

const isWanted = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)].some(
  (option) => option.startsWith('--inspect'),
);

const closeIfOpen = (): void => {
  if (url() !== undefined) close();
};

/** Call once there is a handler for SIGUSR1. */
export function closeStrayInspector(): void {
  if (isWanted) return;
  closeIfOpen();
  setImmediate(closeIfOpen);
  setTimeout(closeIfOpen, laterMs).unref();
}
