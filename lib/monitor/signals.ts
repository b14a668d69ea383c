// Maps each signal to an operation of the monitor.
import type { Monitor } from './monitor.js';

export function obey(monitor: Monitor, signal: NodeJS.Signals): void {
  const { operations } = monitor;
  switch (signal) {
    case 'SIGTERM':
    case 'SIGQUIT':
      return operations.stop('graceful', signal);
    case 'SIGINT':
      return operations.stop('immediate', signal);
    case 'SIGURG':
      return void operations.rollOut('refork', signal);
    case 'SIGUSR1':
      return void operations.rollOut('phased restart', signal);
    case 'SIGUSR2':
      return void operations.hotRestart(signal);
    case 'SIGTTIN':
      return void operations.changeWorkers(1);
    case 'SIGTTOU':
      return void operations.changeWorkers(-1);
    case 'SIGHUP':
      return operations.reopenLog();
    case 'SIGPWR':
      return void operations.logBacktrace();
    case 'SIGCHLD':
      return monitor.reap();
    default:
      return operations.ignore(signal);
  }
}
