// The headers of the Node that runs this: below its own prefix, as its archives and packages have
// them, or where node-gyp keeps those that it has downloaded.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** The directory whose include/node/ has them, or undefined. */
export function findHeaders() {
  return [
    process.env.npm_config_nodedir,
    dirname(dirname(process.execPath)),
    dirname(dirname(realpathSync(process.execPath))),
    join(homedir(), '.cache', 'node-gyp', process.versions.node),
  ].find((prefix) => prefix && hasHeaders(prefix));
}

function hasHeaders(prefix) {
  const file = join(prefix, 'include', 'node', 'node_version.h');
  if (!existsSync(join(prefix, 'include', 'node', 'node.h')) || !existsSync(file)) return false;
  const text = readFileSync(file, 'utf8');
  const part = (name) => Number(new RegExp(`define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1]);
  const version = [part('MAJOR'), part('MINOR'), part('PATCH')].join('.');
  return version === process.versions.node;
}
