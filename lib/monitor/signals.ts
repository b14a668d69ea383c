// What each signal asks of the monitor.
import type { Monitor } from './monitor.js';

export function obey(monitor: Monitor, signal: NodeJS.Signals): void {
  switch (signal) {
    case 'SIGTERM':
    case 'SIGQUIT':
      return monitor.stop('graceful', signal);
    case 'SIGINT':
      return monitor.stop('immediate', signal);
    case 'SIGURG':
      return void monitor.rollOut('refork', signal);
    case 'SIGUSR1':
      return void monitor.rollOut('phased restart', signal);
    case 'SIGTTIN':
      return void monitor.changeWorkers(1);
    case 'SIGTTOU':
      return void monitor.changeWorkers(-1);
    case 'SIGHUP':
      return monitor.reopenLog();
    case 'SIGPWR':
      return void monitor.logBacktrace();
    case 'SIGCHLD':
      return monitor.reap();
    default:
      return monitor.ignore(signal);
  }
}
