// What is really loaded into this process, be it by `require`, by `import` or as a native addon.
import { Session, type Debugger } from 'node:inspector';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface LoadedModule {
  /** Absolute. */
  readonly file: string;
  readonly kind: 'cjs' | 'esm' | 'addon';
  /** What `import` knows it by: with its query, which makes another module of the same file. */
  readonly url: string;
}

/** Takes some 40 ms: V8 is asked for all its scripts, since nothing else lists ES modules. */
export function loadedModules(): LoadedModule[] {
  const required = Object.keys(createRequire(import.meta.url).cache).map((file): LoadedModule => ({
    file,
    kind: file.endsWith('.node') ? 'addon' : 'cjs',
    url: pathToFileURL(file).href,
  }));
  return [...required, ...importedModules()];
}

/** The session answers at once, before `post` returns. */
function importedModules(): LoadedModule[] {
  const urls = new Set<string>();
  const session = new Session();
  session.connect();
  session.on(
    'Debugger.scriptParsed',
    ({ params }: { params: Debugger.ScriptParsedEventDataType }) => {
      if (params.isModule && params.url.startsWith('file:')) urls.add(params.url);
    },
  );
  session.post('Debugger.enable');
  session.post('Debugger.disable');
  session.disconnect();
  return [...urls].map((url) => ({ file: fileURLToPath(url), kind: 'esm', url }));
}
