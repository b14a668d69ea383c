// Finds a configuration and makes settings of it. Every problem with it becomes a line of a
// UserError.
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { launch } from '../system/launch.js';
import { isModuleFile, loadModule } from './load-module.js';
import { duplicate } from './address.js';
import { placeOf, titleOf, userFrames } from '../base/error-text.js';
import { UserError } from '../base/user-error.js';
import { displayFrame, displayName, displayPlace } from './display-name.js';
import type { Overrides } from './overrides.js';
import { describeIssues } from './problems.js';
import { show } from './readers.js';
import { defaultControlPath } from './runtime-directory.js';
import { configSchema, knownKeys } from './schema.js';
import type { Address, ParsedConfig, Settings } from './settings.js';

const defaultNames = ['pitchfork.conf.ts', 'pitchfork.conf.js', 'pitchfork.conf.mjs'];

/** How many lines of a stack say where a configuration threw. */
const shownStackLines = 4;

/** The default configuration in a directory, absolute. */
export function findConfig(directory: string): string {
  const name = defaultNames.find((candidate) => existsSync(join(directory, candidate)));
  if (name === undefined)
    throw new UserError(
      `no configuration: ${directory} has none of ${defaultNames.join(', ')}: name one with -c`,
    );
  return join(directory, name);
}

export async function loadSettings(file: string, overrides: Overrides): Promise<Settings> {
  const absolute = resolve(launch.directory, file);
  const label = displayName(absolute);
  const written = overridden(await importConfig(absolute, label), overrides);
  const result = configSchema(dirname(absolute)).safeParse(written);
  if (!result.success) {
    const problems = describeIssues(result.error.issues, written, knownKeys);
    throw new UserError(problems.map((problem) => `${label}: ${problem}`).join('\n'));
  }
  const listen = withPort(result.data.listen, overrides.port);
  const settings = complete(absolute, result.data, listen);
  const problem = findProblem(settings);
  if (problem !== undefined) throw new UserError(`${label}: ${problem}`);
  return settings;
}

async function importConfig(file: string, label: string): Promise<object> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new UserError(`cannot read ${label}: there is no such file`);
  if (!found.isFile()) throw new UserError(`cannot read ${label}: it is not a file`);
  if (!isModuleFile(file))
    throw new UserError(
      `cannot load ${label}: expected a .ts, .mts, .cts, .js, .mjs or .cjs module, ` +
        `got ${basename(file)}`,
    );
  let config: unknown;
  try {
    config = await loadModule(file);
  } catch (error) {
    throw new UserError(`${label}: cannot be loaded: ${describeThrown(error, label)}`, {
      cause: error,
    });
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw new UserError(
      config === undefined
        ? `${label}: has no default export: export default defineConfig({ app: … })`
        : `${label}: the default export must be an object, got ${show(config)}: ` +
            'export default defineConfig({ app: … })',
    );
  return config;
}

/** The error in one line, and its places in the user's files below. */
function describeThrown(error: unknown, file: string): string {
  if (!(error instanceof Error)) return `it threw ${show(error)}`;
  const place = placeOf(error);
  const frames = userFrames(error).slice(0, shownStackLines).map(displayFrame);
  const places = frames.length === 0 && place ? [`at ${displayPlace(place)}`] : frames;
  const hint =
    error.name === 'SyntaxError' && places.length === 0
      ? ` (node --check ${file} shows where)`
      : '';
  return [`${titleOf(error)}${hint}`, ...places.map((line) => `    ${line}`)].join('\n');
}

/**
 * Overrides replace what was written before it is read, so that they need no second set of
 * defaults. Those in a group leave its other members as they are.
 */
function overridden(config: object, overrides: Overrides): object {
  const result: Record<string, unknown> = { ...config };
  for (const [name, value] of Object.entries(overrides) as [string, unknown][]) {
    if (name === 'port') continue;
    const written = result[name];
    if (!isGroup(value) || written === undefined) result[name] = value;
    // Anything but a group is left to be rejected as it was written.
    else if (isGroup(written)) result[name] = { ...written, ...value };
  }
  return result;
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withPort(listen: readonly Address[], port: Overrides['port']): readonly Address[] {
  if (port === undefined) return listen;
  const first = listen.findIndex((address) => address.kind === 'tcp');
  if (first === -1 && port.required)
    throw new UserError(
      '--port: there is no TCP address to give it to: the configuration listens on unix sockets ' +
        'only (use --listen)',
    );
  return listen.map((address, index) =>
    index === first && address.kind === 'tcp' ? { ...address, port: port.number } : address,
  );
}

function complete(file: string, config: ParsedConfig, listen: readonly Address[]): Settings {
  return {
    ...config,
    file,
    listen,
    workers: Math.max(1, config.workers),
    single: config.workers === 0,
    control: config.control ?? defaultControlPath(file),
  };
}

/** Problems that only the whole of the settings shows. */
function findProblem(settings: Settings): string | undefined {
  const app = statSync(settings.app, { throwIfNoEntry: false });
  if (app === undefined) return `app: there is no such file: ${settings.app}`;
  if (!app.isFile()) return `app: not a file: ${settings.app}`;
  if (settings.group !== null && settings.user === null) return 'group: needs `user` as well';
  if (settings.user !== null && !settings.setpgid)
    return 'setpgid: false would share the terminal of root with the app of `user`: remove one';
  if (settings.user !== null && settings.remoteControl?.token)
    return (
      'remoteControl.token: the app of `user` would know it, because this file is loaded in its ' +
      'processes too: use `tokenFile`, or remove it and set PITCHFORK_TOKEN'
    );
  const { beforeServiceWorkerReady, beforeServiceWorkerExit } = settings.hooks;
  if (beforeServiceWorkerExit.length > 0 && beforeServiceWorkerReady.length === 0)
    return 'beforeServiceWorkerExit: there is no service worker without `beforeServiceWorkerReady`';
  const twice = duplicate(settings.listen);
  return twice === undefined ? undefined : `listen: ${twice} is given twice`;
}
