// Shows the current step of a command at a terminal, and how long it has taken so far.
import { printableLine } from '../../base/printable.js';

const refreshMs = 1_000;
const eraseLine = '\r\x1b[K';

export interface Steps {
  show(step: string): void;
  /** Erases the line. */
  stop(): void;
}

/** On standard error; nothing unless that is a terminal. */
export function showSteps(): Steps {
  if (!process.stderr.isTTY) return { show: () => undefined, stop: () => undefined };
  let current = '';
  let since = performance.now();
  const print = (): void => {
    const seconds = Math.floor((performance.now() - since) / 1_000);
    const taken = seconds > 0 ? ` ${seconds} s` : '';
    process.stderr.write(eraseLine + printableLine(`${current} …${taken}`));
  };
  const timer = setInterval(print, refreshMs);
  return {
    show(step) {
      current = step;
      since = performance.now();
      print();
    },
    stop() {
      clearInterval(timer);
      process.stderr.write(eraseLine);
    },
  };
}
