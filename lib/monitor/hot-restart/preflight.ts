// A hot restart, tried out: the next program is started beside the one that runs, loads all that it
// would need, opens what that one does not hold already, closes it again, and says that it could
// take over. What is against it is a ConfigError, or whatever ends it before.
import type { Settings } from '../../config/settings.js';
import { UserError } from '../../base/user-error.js';
import { isSamePort, type HeldPort } from '../../system/held-port.js';
import { listenForMetrics } from '../../metrics/server.js';
import { native, nativeFile } from '../../system/native.js';
import { listenForControl } from '../control/control.js';
import { credentialsOf } from '../../system/credentials.js';
import { handOverFormat } from './hand-over.js';
import { nameOf, openListeners } from '../sockets/listeners.js';
import { createLog } from '../log/log.js';
import { writePidFile } from '../control/pid-file.js';
import { listenForRemoteControl, permission } from '../control/remote-control.js';
import { heldSocket } from '../sockets/unix-path.js';

/** What the running program says to the one that is tried out. */
export interface HeldByPredecessor {
  readonly format: number;
  /** Names of addresses. */
  readonly listen: readonly string[];
  readonly control: string | null;
  readonly remoteControl: HeldPort | null;
  readonly metrics: HeldPort | null;
  readonly pidfile: string | null;
}

/** What that one says when it could take over. */
export interface TrialReport {
  /** The file of its addon, to be preloaded. */
  readonly addon: string;
}

export async function tryTakingOver(
  settings: Settings,
  held: HeldByPredecessor,
): Promise<TrialReport> {
  if (held.format !== handOverFormat)
    throw new UserError(
      'this pitchfork-ts cannot take over from the one that runs: stop that one, and start this',
    );
  // LD_PRELOAD is a list, and has no quotes.
  if (/[\s:]/.test(nativeFile))
    throw new UserError(`a hot restart needs a path without spaces and colons: ${nativeFile}`);
  const owner = credentialsOf(settings);
  createLog(settings.log).flush();
  const added = settings.listen.filter((address) => !held.listen.includes(nameOf(address)));
  (await openListeners(added, 1, undefined, owner)).close();
  if (settings.control !== held.control) {
    const socket = await listenForControl(settings.control);
    heldSocket(socket.path, socket).unlink();
    native.closeDescriptor(socket.fd);
  }
  const { metrics, remoteControl } = settings;
  if (remoteControl) permission(remoteControl);
  if (remoteControl && !isSamePort(remoteControl, held.remoteControl))
    native.closeDescriptor((await listenForRemoteControl(remoteControl)).fd);
  if (metrics && !isSamePort(metrics, held.metrics))
    native.closeDescriptor((await listenForMetrics(metrics)).fd);
  if (settings.pidfile !== null && settings.pidfile !== held.pidfile)
    writePidFile(settings.pidfile).close();
  return { addon: nativeFile };
}
