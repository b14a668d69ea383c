// The files whose JavaScript this process has run: the program, the configuration, and whatever
// that imports.
import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';

/**
 * Absolute paths. Only V8 knows all of them: enabling its debugger reports every existing script,
 * synchronously, in some 40 ms.
 */
export function loadedFiles(): string[] {
  const urls: string[] = [];
  const session = new Session();
  session.connect();
  try {
    session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url));
    session.post('Debugger.enable');
    session.post('Debugger.disable');
  } finally {
    session.disconnect();
  }
  // CommonJS and jiti have paths, ES modules URLs; the query makes another module of the same file.
  return urls
    .map((url) => (url.startsWith('file:') ? fileURLToPath(url.replace(/[?#].*$/, '')) : url))
    .filter((path) => path.startsWith('/'));
}
