// All modules loaded by this process: fewer than are installed, and more than require.cache lists,
// since only V8 has a list of the ES modules.
import { Session } from 'node:inspector';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { fileOf } from './package-of.js';

export interface LoadedModule {
  /** Absolute path. */
  readonly file: string;
  readonly kind: 'cjs' | 'esm' | 'addon';
  /** The key of `import`, including the query, which makes a separate module of the same file. */
  readonly url: string;
}

/** Takes about 40 ms for 300 modules, and starts no thread. */
export function loadedModules(): LoadedModule[] {
  const modules = new Map<string, LoadedModule>();
  const add = (file: string, kind: LoadedModule['kind'], url: string): void => {
    if (!modules.has(url)) modules.set(url, { file, kind, url });
  };
  for (const file of Object.keys(createRequire(import.meta.url).cache))
    add(file, file.endsWith('.node') ? 'addon' : 'cjs', pathToFileURL(file).href);
  for (const { url, isModule } of scripts()) {
    const file = fileOf(url);
    if (file !== null)
      add(file, isModule ? 'esm' : 'cjs', url.startsWith('/') ? pathToFileURL(url).href : url);
  }
  return [...modules.values()];
}

/** Enabling a debugger reports every existing script, synchronously. */
function scripts(): { url: string; isModule?: boolean | undefined }[] {
  const found: { url: string; isModule?: boolean | undefined }[] = [];
  const session = new Session();
  session.connect();
  try {
    session.on('Debugger.scriptParsed', ({ params }) => found.push(params));
    session.post('Debugger.enable');
    session.post('Debugger.disable');
  } finally {
    session.disconnect();
  }
  return found;
}
