// Refuses a start as root if the app's user can change the code that root runs: the configuration
// and the program itself. The app would become root at the next restart.
import { lstatSync, type Stats } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../base/user-error.js';
import type { Settings } from '../../config/settings.js';
import type { Credentials } from '../../system/credentials.js';
import { nativeFile } from '../../system/native.js';
import { writableBy } from '../../system/privileges/drop-privileges.js';
import { loadedFiles } from '../../system/privileges/loaded-files.js';
import { partsOf } from '../../system/privileges/path-parts.js';

/** Throws a UserError that names the first place and the remedy. */
export function refuseForeignCode(
  { file, user }: Pick<Settings, 'file' | 'user'>,
  credentials: Credentials | undefined,
): void {
  // For root itself there is nothing to gain.
  if (!credentials || credentials.uid === 0) return;
  const places = new Set<string>();
  // The configuration first: it is the one that users put anywhere.
  for (const one of [file, ...loadedFiles(), nativeFile, process.execPath, ownFile])
    partsOf(one, places);
  const problem = problemOf([...places], credentials);
  if (problem === undefined) return;
  throw new UserError(
    `user: ${JSON.stringify(user)} can change ${problem.place}, and so the code that root runs ` +
      `at the next restart: ${problem.remedy}`,
  );
}

const ownFile = fileURLToPath(import.meta.url);

interface Problem {
  readonly place: string;
  readonly remedy: string;
}

function problemOf(places: readonly string[], credentials: Credentials): Problem | undefined {
  const found = places.flatMap((place) => {
    // A program may have removed a file that it had loaded.
    const stats = lstatSync(place, { throwIfNoEntry: false });
    return stats ? [{ place, stats }] : [];
  });
  const owned = found.find(({ stats }) => stats.uid === credentials.uid);
  // An owner can change the mode too.
  if (owned) return { place: owned.place, remedy: `chown root ${owned.place}` };
  const candidates = found.filter(({ stats }) => !isProtected(stats)).map(({ place }) => place);
  const [writable] = writableBy(credentials, candidates);
  return writable === undefined
    ? undefined
    : { place: writable, remedy: `chmod go-w ${writable} (getfacl shows further permissions)` };
}

/**
 * Entries of others in a sticky directory, such as /tmp, can be neither removed nor replaced. A
 * symbolic link has no mode: its directory counts.
 */
const isProtected = (stats: Stats): boolean =>
  stats.isSymbolicLink() || (stats.isDirectory() && (stats.mode & 0o1000) !== 0);
