// Handles signals before anything else is loaded: SIGUSR1 would open Node's inspector, and others
// would kill the process with work half done. Until the monitor takes over, signals are recorded;
// those that ask for an exit are obeyed at once, since there is nothing to finish yet.
import { closeStrayInspector } from './stray-inspector.js';

const leaving: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGQUIT']);
const recorded = [
  'SIGUSR1',
  'SIGUSR2',
  'SIGURG',
  'SIGHUP',
  'SIGPWR',
  'SIGTTIN',
  'SIGTTOU',
  'SIGCHLD',
] as const satisfies NodeJS.Signals[];

/** Signals received before `takeSignals`, in order of arrival, each once. */
export const earlySignals: NodeJS.Signals[] = [];

/** After a hot restart there is something to finish: serving children. */
const succeeds = process.env['PITCHFORK_HAND_OVER'] !== undefined;

let deliver = (signal: NodeJS.Signals): void => {
  if (leaving.has(signal) && !succeeds) process.exit(0);
  // Repeated signals count once, which also bounds the list.
  if (!earlySignals.includes(signal)) earlySignals.push(signal);
};

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', ...recorded] as const)
  process.on(signal, () => deliver(signal));
closeStrayInspector();

/** Passes every further signal to `listener`, after those recorded so far. */
export function takeSignals(listener: (signal: NodeJS.Signals) => void): void {
  deliver = listener;
  for (const signal of earlySignals.splice(0)) listener(signal);
}
