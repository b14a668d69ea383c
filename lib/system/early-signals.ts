// Takes the signals before anything else is loaded: SIGUSR1 would open Node's inspector, and the
// others would end the process with work half done. Until somebody takes them over they are
// recorded, but for those that ask to leave: then there is nothing to finish yet.
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

/** What arrived before `takeSignals`, in order. */
export const earlySignals: NodeJS.Signals[] = [];

/** There is something to finish after a hot restart: children that serve. */
const succeeds = process.env['PITCHFORK_HAND_OVER'] !== undefined;

let deliver = (signal: NodeJS.Signals): void => {
  if (leaving.has(signal) && !succeeds) process.exit(0);
  // A repeated wish is the same wish: this also bounds the list.
  if (!earlySignals.includes(signal)) earlySignals.push(signal);
};

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', ...recorded] as const)
  process.on(signal, () => deliver(signal));
closeStrayInspector();

/** From now on `listener` gets every signal; first those that have arrived already. */
export function takeSignals(listener: (signal: NodeJS.Signals) => void): void {
  deliver = listener;
  for (const signal of earlySignals.splice(0)) listener(signal);
}
