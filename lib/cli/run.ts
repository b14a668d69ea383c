// `pitchfork-ts run`: this process becomes the monitor.
import cluster from 'node:cluster';
import { printable } from '../base/printable.js';
import { UserError } from '../base/user-error.js';
import { displayName } from '../config/display-name.js';
import { findConfig, loadSettings } from '../config/load.js';
import { isInForeignDirectory } from '../config/runtime-directory.js';
import type { Settings } from '../config/settings.js';
import type { HeldByPredecessor } from '../monitor/hot-restart/preflight.js';
import { launch, preflight, secrets, succession, tokenVariable } from '../system/launch.js';
import { native } from '../system/native.js';
import { answerTo } from './client/control-client.js';
import type { Invocation } from './client/invocation.js';
import { listensAt } from './client/find/listens-at.js';

/** Its forks would share the channel to the primary process, which could not distinguish them. */
function refuseCluster(): void {
  if (cluster.isWorker)
    throw new UserError(
      'started as a worker of node:cluster (pm2 -i): start it once, as a process of its own ' +
        '(pm2: exec_mode "fork"); it starts its own workers',
    );
}

export async function run({ config, overrides, remote }: Invocation): Promise<number> {
  refuseCluster();
  if (remote)
    throw new UserError(
      '--control: expected the path of a socket: `remoteControl` in the configuration ' +
        'opens a port',
    );
  const handOver = succession
    ? (await import('../monitor/hot-restart/hand-over.js')).readHandOver(succession.fd)
    : undefined;
  secrets.token ??= handOver?.token ?? null;
  native.eraseVariable(tokenVariable);
  const settings = await loadSettings(config ?? findConfig(launch.directory), overrides);
  if (!handOver && preflight === null) await refuseSecond(settings);
  if (preflight !== null) return tryOut(settings, JSON.parse(preflight) as HeldByPredecessor);
  const { runMonitor } = await import('../monitor/run.js');
  return runMonitor(settings, overrides, handOver);
}

/** The ports would be refused as taken; this names the server that has them. */
async function refuseSecond({ file, control }: Settings): Promise<void> {
  if (isInForeignDirectory(control) || !(await listensAt(control))) return;
  const stats = await answerTo({ socketPath: control }, 'stats').catch(() => undefined);
  if (stats === undefined) return;
  throw new UserError(
    `${displayName(file)}: process ${stats.pid} already runs with control socket ${control}` +
      (stats.shuttingDown
        ? ', which is stopping: `pitchfork-ts stop --wait` waits for its end'
        : ': `pitchfork-ts restart` replaces the program, `pitchfork-ts stop` ends it'),
  );
}

async function tryOut(settings: Settings, held: HeldByPredecessor): Promise<number> {
  const { tryTakingOver } = await import('../monitor/hot-restart/preflight.js');
  // Loads all of the monitor, to find files that a new release lacks.
  await import('../monitor/run.js');
  process.stdout.write(`\n${printable(JSON.stringify(await tryTakingOver(settings, held)))}\n`);
  return 0;
}
