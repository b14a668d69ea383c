// The options that a phased restart does not apply, since the monitor has read them: a process that
// has loaded the configuration reports their digests, and the monitor compares.
import { createHash } from 'node:crypto';
import { defaultControlPath } from '../config/runtime-directory.js';

/** Settings that need no restart: the next process that is booted applies them. */
const appliedByBoot: ReadonlySet<string> = new Set([
  ...['file', 'app', 'engine', 'hooks', 'keepAliveTimeoutMs', 'outOfBandGc'],
  'incompatibleModules',
]);

/** Digests by the name of the option; no value leaves its process, a token least of all. */
export type OptionDigests = Readonly<Record<string, string>>;

/** The settings that are not digested as they are. */
interface Derived {
  readonly file: string;
  readonly single: boolean;
  readonly workers: number;
  readonly control: string;
}

export function digestsOf({ single, workers, control, ...others }: Derived): OptionDigests {
  const written = {
    ...others,
    // Single mode is written `workers: 0`.
    workers: single ? 0 : workers,
    // The default depends on the user, and the app may have one of its own.
    control: control === defaultControlPath(others.file) ? null : control,
  };
  const read = Object.entries(written)
    .filter(([name]) => !appliedByBoot.has(name))
    .map(([name, value]) => [name.replace(/(Ms|Bytes)$/, ''), digest(value)] as const);
  return Object.fromEntries(read);
}

/** The names of options with other values than `own`; names that we do not know are ignored. */
export function changedOptions(own: OptionDigests, reported: OptionDigests): string[] {
  return Object.keys(own).filter((name) => (reported[name] ?? own[name]) !== own[name]);
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
