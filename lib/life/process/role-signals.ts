// Signals sent directly to a mold or a worker. The handlers are installed once, before the app is
// loaded, and survive every fork; their effect depends on the current role of the process.
import { constants } from 'node:os';
import { exit } from './exit.js';

type SignalHandling = { graceful(): void };

const beforeAnyRole: SignalHandling = { graceful: () => exit(0) };
let role = beforeAnyRole;
let exitsOnInterrupt = false;
/** Node has called the app's listeners then. */
let terminated = false;

const onTerminate = (): void => {
  terminated = true;
  role.graceful();
};

export const roleSignals = {
  install(): void {
    process.on('SIGTERM', onTerminate);
    process.on('SIGQUIT', () => role.graceful());
    process.on('SIGINT', () => {
      if (exitsOnInterrupt) exit(0);
    });
  },
  /** Not within the monitor's group: Ctrl-C reaches all of it, and the monitor decides. */
  exitOnInterrupt(): void {
    exitsOnInterrupt = true;
  },
  /**
   * Calls the app's own listeners to TERM, which other process managers send to a worker that is to
   * exit. The monitor sends an order instead.
   */
  announceExit(): void {
    if (terminated) return;
    terminated = true;
    for (const listener of process.rawListeners('SIGTERM'))
      if (listener !== onTerminate) listener.call(process, 'SIGTERM', constants.signals.SIGTERM);
  },
  /** Sets the effect of TERM and QUIT from now on. */
  assume(next: SignalHandling): void {
    role = next;
  },
};
