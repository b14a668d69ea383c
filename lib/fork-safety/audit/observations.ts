// Everything that an audit looks at, as plain data.
import type { HeldFile } from './held-files.js';
import type { NodeOption } from './node-options.js';
import type { Package } from '../heap/package-of.js';

export interface Addon {
  readonly file: string;
  /** The package that the file is in, and the one that asked for it. */
  readonly packages: readonly Package[];
}

export interface LiveWorker {
  readonly kind: 'worker' | 'module hooks';
  /** The innermost package of those that made it; null for the app itself. */
  readonly owner: Package | null;
}

export interface ChildProcess {
  readonly pid: number;
  readonly command: string;
  /** null for the app itself, and where it is not known. */
  readonly owner: Package | null;
}

export interface Observations {
  readonly packages: readonly Package[];
  readonly addons: readonly Addon[];
  /** Names of threads that are the app's and no Worker's; '' for one without a name of its own. */
  readonly threads: readonly string[];
  /** Names of threads that neither Node's defaults nor the app started. */
  readonly threadsBeforeApp: readonly string[];
  readonly workers: readonly LiveWorker[];
  readonly children: readonly ChildProcess[];
  readonly held: readonly HeldFile[];
  /** Paths of files that are read on. */
  readonly reading: readonly string[];
  readonly options: readonly NodeOption[];
  /** A version such as '20.19.0'. */
  readonly nodeVersion: string;
  readonly inspectorUrl: string | null;
  readonly datagramSockets: number;
  readonly timers: number;
  /** What the app said itself: worker.noLongerForkSafe(reason). */
  readonly unsafeReason: string | null;
}
