// Complete settings for specs of single parts, from the properties of a configuration.
import { loadSettings } from '../../lib/config/load.js';
import type { Settings } from '../../lib/config/settings.js';
import type { Scratch } from './scratch.js';

/** `properties`: source text. The log goes to a file, and sockets have paths in the directory. */
export function settingsOf(directory: Scratch, properties = ''): Promise<Settings> {
  directory.write('app.mjs', 'export default () => {};');
  const defaults =
    `app: './app.mjs', workers: 1, listen: '127.0.0.1:0', ` +
    `control: './control.sock', log: { file: './log' }`;
  const file = `pitchfork-${++count}.conf.mjs`;
  const text = `export default { ${defaults}, ${properties} };`;
  return loadSettings(directory.write(file, text), {});
}

/** A module of one path is loaded only once. */
let count = 0;
