// The observations of an audit, as plain data.
import type { HeldFile } from '../evidence/held-files.js';
import type { ListeningSocket } from '../evidence/listening-sockets.js';
import type { NodeOption } from '../evidence/node-options.js';
import type { Package } from '../heap/package-of.js';

export interface Addon {
  readonly file: string;
  /** The package that contains the file, and the package that loaded it. */
  readonly packages: readonly Package[];
}

export interface LiveWorker {
  readonly kind: 'worker' | 'module hooks';
  /** The innermost package on the stack of its creation; null for the app itself. */
  readonly owner: Package | null;
}

export interface ChildProcess {
  readonly pid: number;
  /** Its command line, separated by spaces. */
  readonly command: string;
  /** The package that spawned it; null for the app itself, and if unknown. */
  readonly owner: Package | null;
}

export interface Observations {
  readonly packages: readonly Package[];
  readonly addons: readonly Addon[];
  /** Names of the app's threads other than Workers; '' for a thread without a name of its own. */
  readonly threads: readonly string[];
  /** Names of threads started before the app by anything other than Node's defaults. */
  readonly threadsBeforeApp: readonly string[];
  readonly workers: readonly LiveWorker[];
  readonly children: readonly ChildProcess[];
  readonly held: readonly HeldFile[];
  /** Paths of files being read. */
  readonly reading: readonly string[];
  /** Sockets that the app listens on itself. */
  readonly listening: readonly ListeningSocket[];
  readonly options: readonly NodeOption[];
  /** For example '20.19.0'. */
  readonly nodeVersion: string;
  /** null unless the inspector listens. */
  readonly inspectorUrl: string | null;
  /** Number of open UDP sockets. */
  readonly datagramSockets: number;
  /** Number of active timers. */
  readonly timers: number;
  /** The reason given by the app to worker.noLongerForkSafe(); null without one. */
  readonly unsafeReason: string | null;
}
