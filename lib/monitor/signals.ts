// What each signal asks of the monitor.
import type { Monitor } from './monitor.js';

export function obey(monitor: Monitor, signal: NodeJS.Signals): void {
  const { wishes } = monitor;
  switch (signal) {
    case 'SIGTERM':
    case 'SIGQUIT':
      return wishes.stop('graceful', signal);
    case 'SIGINT':
      return wishes.stop('immediate', signal);
    case 'SIGURG':
      return void wishes.rollOut('refork', signal);
    case 'SIGUSR1':
      return void wishes.rollOut('phased restart', signal);
    case 'SIGUSR2':
      return void wishes.hotRestart(signal);
    case 'SIGTTIN':
      return void wishes.changeWorkers(1);
    case 'SIGTTOU':
      return void wishes.changeWorkers(-1);
    case 'SIGHUP':
      return wishes.reopenLog();
    case 'SIGPWR':
      return void wishes.logBacktrace();
    case 'SIGCHLD':
      return monitor.reap();
    default:
      return wishes.ignore(signal);
  }
}
