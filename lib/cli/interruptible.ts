// Before a monitor runs, terminating signals end the process with code 0. From a command that would
// look like success: here they end it as they end any other program.
import { constants } from 'node:os';
import { printable } from '../base/printable.js';
import { takeSignals } from '../system/early-signals.js';

/** `parting`: a last line for standard error. */
export function interruptible(parting?: () => string): void {
  takeSignals((signal) => {
    const ends = ['SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGHUP'].includes(signal);
    if (!ends) return;
    if (parting) process.stderr.write(printable(`\n${parting()}\n`));
    process.exit(128 + constants.signals[signal]);
  });
}
