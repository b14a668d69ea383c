// Signals sent directly to a mold or a worker. The handlers are installed once, before the app is
// loaded, and survive every fork; their effect depends on the current role of the process.
import { exit } from './exit.js';

type SignalHandling = { graceful(): void };

const beforeAnyRole: SignalHandling = { graceful: () => exit(0) };
let role = beforeAnyRole;
let exitsOnInterrupt = false;

export const roleSignals = {
  install(): void {
    process.on('SIGTERM', () => role.graceful());
    process.on('SIGQUIT', () => role.graceful());
    process.on('SIGINT', () => {
      if (exitsOnInterrupt) exit(0);
    });
  },
  /** Not within the monitor's group: Ctrl-C reaches all of it, and the monitor decides. */
  exitOnInterrupt(): void {
    exitsOnInterrupt = true;
  },
  /** Sets the effect of TERM and QUIT from now on. */
  assume(next: SignalHandling): void {
    role = next;
  },
};
