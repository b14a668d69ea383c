// Regular files that must not be shared with a fork: databases, writable shared mappings, locked
// files. They are only read through existing descriptors, since closing any descriptor of a file
// drops all POSIX locks of the process on it (fcntl(2)).
import { fstatSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs';

export interface HeldFile {
  readonly path: string;
  /** An SQLite database open for writing, a writable MAP_SHARED mapping, a lock of any kind. */
  readonly how: 'database' | 'mapping' | 'lock';
}

export interface OpenFiles {
  /** Each file once. */
  readonly held: HeldFile[];
  /** Paths of files being read, whose offset all forks would share. */
  readonly reading: string[];
}

const sqliteHeader = 'SQLite format 3\0';
/** Companion files of an SQLite database. */
const sqliteSuffix = /-(?:wal|shm|journal)$/;

export function openFiles(): OpenFiles {
  const files = readdirSync('/proc/self/fd').flatMap((fd) => {
    const file = Number(fd) > 2 ? readOpenFile(Number(fd)) : null;
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
  return { held: deduplicate(held), reading: [...new Set(reading.map(({ path }) => path))] };
}

const as =
  (how: HeldFile['how']) =>
  ({ path }: { path: string }): HeldFile => ({ path, how });

/** Keeps the gravest reason per file, and drops the companions of a database. */
function deduplicate(files: readonly HeldFile[]): HeldFile[] {
  const found = new Map<string, HeldFile>();
  for (const file of files) {
    const database = file.path.replace(sqliteSuffix, '');
    if (!found.has(file.path) && found.get(database)?.how !== 'database')
      found.set(file.path, file);
  }
  return [...found.values()];
}

interface OpenFile {
  readonly path: string;
  readonly sqlite: boolean;
  readonly writable: boolean;
  readonly locked: boolean;
  /** The file offset, in bytes. */
  readonly position: number;
}

/** null unless it is a regular file that is still open. */
function readOpenFile(fd: number): OpenFile | null {
  try {
    if (!fstatSync(fd).isFile()) return null;
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    const info = parseDescriptor(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
    return { path, sqlite: isSqlite(fd), ...info };
  } catch {
    return null;
  }
}

/** Uses pread(2), which does not move the offset. */
function isSqlite(fd: number): boolean {
  try {
    const header = Buffer.alloc(sqliteHeader.length);
    return (
      readSync(fd, header, 0, header.length, 0) === header.length &&
      header.toString('latin1') === sqliteHeader
    );
  } catch {
    return false; // Open for writing only.
  }
}

/** Parses /proc/self/fdinfo/<fd>, proc_pid_fdinfo(5). Locks listed there are this process's. */
export function parseDescriptor(text: string): Pick<OpenFile, 'writable' | 'locked' | 'position'> {
  const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(text)?.[1] ?? '0', 8);
  return {
    writable: (flags & 3) !== 0, // O_WRONLY or O_RDWR
    locked: /^lock:\s/m.test(text),
    position: Number(/^pos:\s*(\d+)$/m.exec(text)?.[1] ?? 0),
  };
}

/** Parses /proc/self/maps, proc_pid_maps(5): the files that are mapped shared and writable. */
export function sharedMappings(maps: string): string[] {
  const paths = maps.split('\n').flatMap((line) => {
    const [, permissions = '', path = ''] = /^\S+ (\S+) \S+ \S+ \S+\s+(.*)$/.exec(line) ?? [];
    const isRegular =
      path.startsWith('/') && !path.startsWith('/dev/') && !/^\/(?:memfd:|SYSV)/.test(path);
    // POSIX shared memory objects are files too: shm_overview(7).
    const isShmObject = path.startsWith('/dev/shm/');
    return permissions.includes('w') && permissions.endsWith('s') && (isRegular || isShmObject)
      ? [path]
      : [];
  });
  return [...new Set(paths)];
}
