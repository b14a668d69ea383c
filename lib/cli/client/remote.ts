// A server that is reached over TCP: `--control http://host:port` with a token.
import { readEndpoint } from '../../config/address.js';
import { messageOf } from '../../base/error-text.js';
import { UserError } from '../../base/user-error.js';
import { readPrivateFile } from '../../system/privileges/private-file.js';
import type { Remote } from './invocation.js';

export const isRemote = (control: string): boolean => /^https?:\/\//i.test(control);

/** The content of --token-file, if that is given. */
export function tokenIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readPrivateFile(file);
  } catch (error) {
    throw new UserError(`--token-file: cannot use ${file}: ${messageOf(error)}`);
  }
}

/** Throws a UserError that names the option. */
export function readRemote(control: string, token: string | null): Remote {
  const text = /^http:\/\/([^/]+)\/?$/i.exec(control)?.[1];
  if (text === undefined)
    throw new UserError(`--control: expected a path or "http://host:port", got "${control}"`);
  const { host, port } = endpoint(text, control);
  if (token === null || token === '')
    throw new UserError('--token-file: required by a remote control (or set PITCHFORK_TOKEN)');
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UserError('the token: expected printable ASCII characters without spaces');
  return { host, port, token };
}

function endpoint(text: string, control: string): { host: string; port: number } {
  try {
    const read = readEndpoint(text, { directory: '/', defaultHost: '127.0.0.1' });
    if (read.kind === 'tcp') return read;
  } catch {
    // Not an address either way.
  }
  throw new UserError(`--control: expected a path or "http://host:port", got "${control}"`);
}
