// With what environment and in which directory the server was started: that is what every fresh
// process gets, whatever a configuration has changed in the monitor since. Loaded before it.
import { statSync } from 'node:fs';
import { takeVariables } from './service-variables.js';

/** As the shell names it: through a symbolic link, it may be another directory by the next boot. */
function logicalDirectory(): string {
  const actual = process.cwd();
  const named = process.env['PWD'];
  if (named === undefined) return actual;
  const [a, b] = [actual, named].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a && b && a.dev === b.dev && a.ino === b.ino ? named : actual;
}

/** What a service manager said to this process alone: no other one is to see it. */
const service = takeVariables(process.env);

export const origin: {
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly directory: string;
  readonly service: typeof service;
} = { environment: { ...process.env }, directory: logicalDirectory(), service };
