// A real PostgreSQL server. It refuses to run as root, so there it runs as the user of its package.
import { execFile, execFileSync } from 'node:child_process';
import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../free-port.js';
import { Daemon, ownDirectory, type Backend } from './backend.js';

const run = promisify(execFile);

const versions = '/usr/lib/postgresql';

/** The programs are not in PATH where Debian puts them. */
function program(name: string): string {
  const newest = readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0];
  return join(versions, newest ?? '', 'bin', name);
}

function postgresUser(): { uid: number; gid: number } {
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export interface PostgresBackend extends Backend {
  /** The same server, for apps that connect to its unix socket. */
  readonly overUnixSocket: Backend;
}

export async function startPostgres(): Promise<PostgresBackend> {
  const [directory, port] = [ownDirectory(), freePort()];
  const user = process.getuid?.() === 0 ? postgresUser() : undefined;
  if (user) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  const flags = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  // A locale's name makes it slow, and does not exist on every machine.
  await run(program('initdb'), [...flags, '--no-locale'], { ...user, cwd: directory });
  const ask = async (query: string): Promise<string> => {
    const args = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-XAtc', query];
    return (await run('psql', args, { cwd: '/' })).stdout;
  };
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: directory,
    fsync: 'off',
    max_connections: '60',
  };
  const daemon = await Daemon.start({
    port,
    directory,
    command: program('postgres'),
    args: [
      ...['-D', data],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    ...(user && { user }),
    answers: () => ask('SELECT 1'),
  });
  const env = { PGPORT: String(port), PGUSER: 'postgres', PGDATABASE: 'postgres' };
  const backend: Backend = {
    address: `127.0.0.1:${port}`,
    env: { ...env, PGHOST: '127.0.0.1' },
    async connections() {
      const pids = await ask(
        `SELECT pid FROM pg_stat_activity
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
      return pids.split('\n').filter((pid) => pid !== '');
    },
    complaints: async () =>
      daemon
        .log()
        .split('\n')
        .filter((line) => /\b(ERROR|FATAL|PANIC|WARNING):/.test(line)),
    // "Fast": waits for no client.
    stop: () => daemon.stop('SIGINT'),
  };
  const overUnixSocket = {
    ...backend,
    address: join(directory, `.s.PGSQL.${port}`),
    env: { ...env, PGHOST: directory },
  };
  return { ...backend, overUnixSocket };
}
