// A real Redis server.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from '../free-port.js';
import { Daemon, ownDirectory, type Backend } from './backend.js';

const run = promisify(execFile);

export interface RedisBackend extends Backend {
  /** Resolves with the answer to one command, as text. */
  ask(...command: string[]): Promise<string>;
}

export async function startRedis(): Promise<RedisBackend> {
  const [directory, port] = [ownDirectory(), freePort()];
  const ask = async (...command: string[]): Promise<string> =>
    (await run('redis-cli', ['-p', String(port), ...command])).stdout;
  const options = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    // Below this level it does not report errors of the protocol.
    loglevel: 'verbose',
  };
  const daemon = await Daemon.start({
    port,
    directory,
    command: 'redis-server',
    args: Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    answers: () => ask('PING'),
  });
  return {
    ask,
    address: `127.0.0.1:${port}`,
    env: { REDIS_URL: `redis://127.0.0.1:${port}` },
    async connections() {
      const clients = (await ask('CLIENT', 'LIST', 'TYPE', 'NORMAL')).split('\n');
      return clients
        .filter((line) => line !== '' && !line.includes(' cmd=client|list '))
        .map((line) => /^id=(\d+) /.exec(line)?.[1] ?? line);
    },
    complaints: async () =>
      daemon
        .log()
        .split('\n')
        .filter((line) => /protocol error|possible security attack/i.test(line)),
    stop: () => daemon.stop('SIGTERM'),
  };
}
