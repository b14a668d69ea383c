// Finds the server that a command is for: as given, at the default path of its configuration, or
// as the configuration says. A broken configuration does not hide a server at the default path.
import { resolve } from 'node:path';
import { UserError } from '../../../base/user-error.js';
import {
  defaultControlPath,
  isInForeignDirectory,
  refuseForeignDirectory,
} from '../../../config/runtime-directory.js';
import { launch } from '../../../system/launch.js';
import type { ControlPoint } from '../control-client.js';
import type { Invocation } from '../invocation.js';
import { listensAt } from './listens-at.js';
import { noServer } from '../no-server.js';
import { serversOfOthers } from './servers-of-others.js';

/** Throws a UserError if no server answers there, or if its directory is not this user's own. */
export async function controlPoint(invocation: Invocation): Promise<ControlPoint> {
  const { config, overrides, remote } = invocation;
  if (remote) return remote;
  if (overrides.control !== undefined) return { socketPath: overrides.control };
  const { findConfig, loadSettings } = await import('../../../config/load.js');
  const file = resolve(launch.directory, config ?? findConfig(launch.directory));
  const usual = defaultControlPath(file);
  if (!isInForeignDirectory(usual) && (await listensAt(usual))) return { socketPath: usual };
  const { control } = await loadSettings(file, overrides).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `${error.message}\nno server answers at ${usual}, and the configuration, which may name ` +
        'another socket, is broken: name the socket with --control',
    );
  });
  refuseForeignDirectory(control);
  if (!(await listensAt(control)))
    throw new UserError(noServer(control) + (control === usual ? serversOfOthers(file) : ''));
  return { socketPath: control };
}
