// The trial of a hot restart, inside the next program: started beside the running one, it loads
// everything that it would need, opens and closes the endpoints that the running one does not hold
// already, and reports that it could take over. An obstacle is a UserError, or ends the process.
import type { Settings } from '../../config/settings.js';
import { UserError } from '../../base/user-error.js';
import { isSamePort, type HeldPort } from '../../system/held-port.js';
import { listenForMetrics } from '../../metrics/server.js';
import { native, nativeFile } from '../../system/native.js';
import { listenForControl, releaseControl } from '../control/control.js';
import { credentialsOf } from '../../system/credentials.js';
import { handOverFormat } from './hand-over.js';
import { nameOf, openListeners } from '../sockets/listeners.js';
import { createLog } from '../log/log.js';
import { refuseForeignCode } from '../start/code-owner.js';
import { writePidFile } from '../control/pid-file.js';
import {
  isTokenOfVariable,
  listenForRemoteControl,
  permission,
} from '../control/remote-control.js';

/** Sent by the running program to the one on trial. */
export interface HeldByPredecessor {
  readonly format: number;
  /** Names of addresses. */
  readonly listen: readonly string[];
  readonly control: string | null;
  readonly remoteControl: HeldPort | null;
  readonly metrics: HeldPort | null;
  readonly pidfile: string | null;
  /** It will hand over PITCHFORK_TOKEN, which the program on trial is not given. */
  readonly hasToken?: boolean;
}

/** Answer of a program that could take over. */
export interface TrialReport {
  /** Path of its addon, to be preloaded. */
  readonly addon: string;
}

export async function tryTakingOver(
  settings: Settings,
  held: HeldByPredecessor,
): Promise<TrialReport> {
  if (held.format !== handOverFormat)
    throw new UserError(
      'this pitchfork-ts cannot take over from the running one: stop that one, then start this one',
    );
  // LD_PRELOAD is a list without quoting.
  if (/[\s:]/.test(nativeFile))
    throw new UserError(`a hot restart needs a path without spaces and colons: ${nativeFile}`);
  const owner = credentialsOf(settings);
  refuseForeignCode(settings, owner);
  createLog(settings.log).flush();
  const added = settings.listen.filter((address) => !held.listen.includes(nameOf(address)));
  (await openListeners(added, 1, undefined, owner)).close();
  if (settings.control !== held.control) releaseControl(await listenForControl(settings.control));
  const { metrics, remoteControl } = settings;
  if (remoteControl && !(held.hasToken && isTokenOfVariable(remoteControl)))
    permission(remoteControl);
  if (remoteControl && !isSamePort(remoteControl, held.remoteControl))
    native.closeDescriptor((await listenForRemoteControl(remoteControl)).fd);
  if (metrics && !isSamePort(metrics, held.metrics))
    native.closeDescriptor((await listenForMetrics(metrics)).fd);
  if (settings.pidfile !== null && settings.pidfile !== held.pidfile)
    writePidFile(settings.pidfile).close();
  return { addon: nativeFile };
}
