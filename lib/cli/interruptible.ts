// Before a monitor runs, terminating signals end the process with code 0. From a command that would
// look like success: here they end it as they end any other program.
import { constants } from 'node:os';
import { takeSignals } from '../system/early-signals.js';

export function interruptible(): void {
  takeSignals((signal) => {
    if (signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGQUIT' || signal === 'SIGHUP')
      process.exit(128 + constants.signals[signal]);
  });
}
