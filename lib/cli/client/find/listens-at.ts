// Whether a server listens on a unix socket.
import { createConnection } from 'node:net';
import { errorCode } from '../../../base/error-text.js';

/** Errors that prove the lack of a listener; others leave the request to find out: connect(2). */
const nobodyThere: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ENOTSOCK']);

export function listensAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(!nobodyThere.has(errorCode(error))));
  });
}
