// A hot restart, tried out: the next program is started beside the one that runs, loads all that it
// would need, opens what that one does not hold already, closes it again, and says that it could
// take over. What is against it is a ConfigError, or whatever ends it before.
import type { Settings } from '../config/settings.js';
import { ConfigError } from '../config/config-error.js';
import { isSamePort, type HeldPort } from '../held-port.js';
import { listenForMetrics } from '../metrics/server.js';
import { native, nativeFile } from '../native.js';
import { listenForControl } from './control.js';
import { credentialsOf } from './credentials.js';
import { handOverFormat } from './hand-over.js';
import { nameOf, openListeners } from './listeners.js';
import { createLog } from './log.js';
import { writePidFile } from './pid-file.js';
import { listenForRemoteControl, permission } from './remote-control.js';
import { heldSocket } from './unix-path.js';

/** What the running program says to the one that is tried out. */
export interface Held {
  readonly format: number;
  /** Names of addresses. */
  readonly listen: readonly string[];
  readonly control: string | null;
  readonly remoteControl: HeldPort | null;
  readonly metrics: HeldPort | null;
  readonly pidfile: string | null;
}

/** What that one says when it could take over. */
export interface Report {
  /** The file of its addon, to be preloaded. */
  readonly addon: string;
}

export async function tryTakingOver(settings: Settings, held: Held): Promise<Report> {
  if (held.format !== handOverFormat)
    throw new ConfigError(
      'this pitchfork-ts cannot take over from the one that runs: stop that one, and start this',
    );
  // LD_PRELOAD is a list, and has no quotes.
  if (/[\s:]/.test(nativeFile))
    throw new ConfigError(`a hot restart needs a path without spaces and colons: ${nativeFile}`);
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
