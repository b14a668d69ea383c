// Signals sent straight to a mold or a worker. The handlers are installed once, before the app is
// loaded, and outlive every fork; what they do depends on the role that the process has at that
// moment.
import { exit } from './exit.js';

type SignalHandling = { graceful(): void };

const beforeAnyRole: SignalHandling = { graceful: () => exit(0) };
let role = beforeAnyRole;
let leavesOnInterrupt = false;

export const roleSignals = {
  install(): void {
    process.on('SIGTERM', () => role.graceful());
    process.on('SIGQUIT', () => role.graceful());
    process.on('SIGINT', () => {
      if (leavesOnInterrupt) exit(0);
    });
  },
  /** Not for one of the monitor's group: Ctrl-C reaches all of that, and the monitor decides. */
  leaveOnInterrupt(): void {
    leavesOnInterrupt = true;
  },
  /** What TERM and QUIT do from now on. */
  assume(next: SignalHandling): void {
    role = next;
  },
};
