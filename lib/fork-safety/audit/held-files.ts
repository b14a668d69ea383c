// Regular files that this process holds in a way that two processes must not: databases, writable
// shared mappings, locks. Everything is read through descriptors that are open already: closing any
// descriptor of a file drops all POSIX locks that the process has on it (fcntl(2)).
import { fstatSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs';

export interface HeldFile {
  readonly path: string;
  readonly how: 'database' | 'mapping' | 'lock';
}

export interface OpenFiles {
  readonly held: HeldFile[];
  /** Files that are read on, whose offset all forks would share. */
  readonly reading: string[];
}

const sqliteHeader = 'SQLite format 3\0';
/** Files that SQLite keeps beside a database. */
const sqliteSuffix = /-(?:wal|shm|journal)$/;

export function openFiles(): OpenFiles {
  const files = readdirSync('/proc/self/fd').flatMap((fd) => {
    const file = Number(fd) > 2 ? describe(Number(fd)) : null;
    return file ? [file] : [];
  });
  const held = [
    ...files.filter(({ sqlite, writable }) => sqlite && writable).map(as('database')),
    ...sharedMappings(readFileSync('/proc/self/maps', 'utf8'))
      .map((path) => ({ path }))
      .map(as('mapping')),
    ...files.filter(({ locked }) => locked).map(as('lock')),
  ];
  const reading = files.filter(
    ({ writable, position, sqlite }) => !writable && !sqlite && position > 0,
  );
  return { held: once(held), reading: [...new Set(reading.map(({ path }) => path))] };
}

const as =
  (how: HeldFile['how']) =>
  ({ path }: { path: string }): HeldFile => ({ path, how });

/** Each file for the gravest reason only, and what SQLite keeps beside a database not at all. */
function once(files: readonly HeldFile[]): HeldFile[] {
  const found = new Map<string, HeldFile>();
  for (const file of files) {
    const database = file.path.replace(sqliteSuffix, '');
    if (!found.has(file.path) && found.get(database)?.how !== 'database')
      found.set(file.path, file);
  }
  return [...found.values()];
}

interface Description {
  readonly path: string;
  readonly sqlite: boolean;
  readonly writable: boolean;
  readonly locked: boolean;
  readonly position: number;
}

/** null for what is no regular file, or was closed meanwhile. */
function describe(fd: number): Description | null {
  try {
    if (!fstatSync(fd).isFile()) return null;
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    const info = parseDescriptor(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
    return { path, sqlite: isSqlite(fd), ...info };
  } catch {
    return null;
  }
}

/** pread(2), which leaves the offset where it is. */
function isSqlite(fd: number): boolean {
  try {
    const header = Buffer.alloc(sqliteHeader.length);
    return (
      readSync(fd, header, 0, header.length, 0) === header.length &&
      header.toString('latin1') === sqliteHeader
    );
  } catch {
    return false; // Opened for writing only.
  }
}

/** The text of /proc/self/fdinfo/<fd>: proc_pid_fdinfo(5). Its locks are those of this process. */
export function parseDescriptor(
  text: string,
): Pick<Description, 'writable' | 'locked' | 'position'> {
  const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(text)?.[1] ?? '0', 8);
  return {
    writable: (flags & 3) !== 0, // O_WRONLY or O_RDWR
    locked: /^lock:\s/m.test(text),
    position: Number(/^pos:\s*(\d+)$/m.exec(text)?.[1] ?? 0),
  };
}

/** Of the text of /proc/self/maps, the files that are mapped shared and for writing. */
export function sharedMappings(maps: string): string[] {
  const paths = maps.split('\n').flatMap((line) => {
    const [, permissions = '', path = ''] = /^\S+ (\S+) \S+ \S+ \S+\s+(.*)$/.exec(line) ?? [];
    const isFile =
      path.startsWith('/') && !path.startsWith('/dev/') && !/^\/(?:memfd:|SYSV)/.test(path);
    // A POSIX shared memory object is a file too.
    const isObject = path.startsWith('/dev/shm/');
    return permissions.includes('w') && permissions.endsWith('s') && (isFile || isObject)
      ? [path]
      : [];
  });
  return [...new Set(paths)];
}
