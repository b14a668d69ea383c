// The catalogue of what forks do to npm's packages and to Node's own features. It was made by
// experiments with real forks where the evidence says "observed", and from documentation elsewhere.
import { agents } from './monitoring-agents.js';
import { builtIns } from './built-ins.js';
import { connections } from './connections.js';
import { files } from './embedded-databases.js';
import { helpers } from './workers-and-children.js';
import { identifiers } from './identifiers.js';
import type { Row } from './row.js';
import { threads } from './native-threads.js';
import { tools } from './build-tools.js';

/** In order of precedence: what is built in speaks only where no package claims it. */
export const catalogue: readonly Row[] = [
  ...tools,
  ...threads,
  ...files,
  ...helpers,
  ...identifiers,
  ...connections,
  ...agents,
  ...builtIns,
];
