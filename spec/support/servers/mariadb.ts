// A real MariaDB server.
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../free-port.js';
import { Daemon, ownDirectory, type Backend } from './backend.js';

const run = promisify(execFile);

export async function startMariadb(): Promise<Backend> {
  const [directory, port] = [ownDirectory(), freePort()];
  const data = join(directory, 'data');
  const user = `--user=${userInfo().username}`;
  await run('mariadb-install-db', [
    '--no-defaults',
    ...[user, `--datadir=${data}`, '--auth-root-authentication-method=normal'],
    '--skip-test-db',
  ]);
  const ask = async (query: string): Promise<string> => {
    const address = ['--protocol=tcp', '-h', '127.0.0.1', '-P', String(port), '-u', 'root'];
    return (await run('mariadb', ['--no-defaults', ...address, '-BNe', query])).stdout;
  };
  const daemon = await Daemon.start({
    port,
    directory,
    command: 'mariadbd',
    args: [
      '--no-defaults',
      ...[user, `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1'],
      ...[`--socket=${join(directory, 'mariadb.sock')}`, `--pid-file=${join(directory, 'pid')}`],
      ...['--skip-name-resolve', '--innodb-flush-log-at-trx-commit=0', '--log-warnings=9'],
    ],
    answers: () => ask('SELECT 1'),
  });
  return {
    address: `127.0.0.1:${port}`,
    env: { MYSQL_PORT: String(port) },
    async connections() {
      const ids = await ask(
        `SELECT id FROM information_schema.processlist
         WHERE id <> CONNECTION_ID() AND user = 'root'`,
      );
      return ids.split('\n').filter((id) => id !== '');
    },
    // "Got an error reading communication packets" is its report of a client that disconnected
    // without notice, which is the purpose of the cut.
    complaints: async () =>
      daemon
        .log()
        .split('\n')
        .filter((line) => /out of order|malformed|\[ERROR\]/i.test(line)),
    stop: () => daemon.stop('SIGTERM'),
  };
}
