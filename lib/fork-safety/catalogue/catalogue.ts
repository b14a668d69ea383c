// The catalogue of the effects of forks on npm packages and on features of Node. The
// evidence "in experiments" is of real forks, without any repair; other rows are documented.
import { agents } from './monitoring-agents.js';
import { builtIns } from './built-ins.js';
import { connections } from './connections.js';
import { files } from './embedded-databases.js';
import { helpers } from './workers-and-children.js';
import { identifiers } from './identifiers.js';
import type { Row } from './row.js';
import { threads } from './native-threads.js';
import { tools } from './build-tools.js';

/** In order of precedence: built-in features come last, after all packages. */
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
