// A configuration as users write it.
import type { Hooks } from './hooks.js';
import type { incompatibleModulesOptions, listenOptions } from './option-groups.js';
import type { WrittenTable } from './option-kinds.js';
import type { options } from './options.js';

export type { Bytes, Duration, ListenAddress } from './option-kinds.js';

/** A configuration. Everything but `app` has a default. */
export interface Config extends WrittenTable<typeof options>, Hooks {}

/** An address to serve on, with its options. */
export type ListenOptions = WrittenTable<typeof listenOptions>;

/** Exceptions and additions to the catalogue of modules that cannot be forked. */
export type IncompatibleModules = WrittenTable<typeof incompatibleModulesOptions>;

/** The HTTP server of the workers. */
export type EngineName = NonNullable<Config['engine']>;

/** Treatment of modules that cannot be forked. */
export type IncompatiblePolicy = NonNullable<IncompatibleModules['policy']>;

/** Gives a configuration its type. */
export function defineConfig(config: Config): Config {
  return config;
}
