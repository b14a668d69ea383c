// A server that is reached over TCP: `--control http://host:port` with a token.
import { readEndpoint } from '../../config/address.js';
import { UserError } from '../../base/user-error.js';
import type { Remote } from './invocation.js';

export const isRemote = (control: string): boolean => /^https?:\/\//i.test(control);

/** Throws a UserError that names the option. */
export function readRemote(control: string, token: string | undefined): Remote {
  const text = /^http:\/\/([^/]+)\/?$/i.exec(control)?.[1];
  if (text === undefined)
    throw new UserError(`--control: expected a path or "http://host:port", got "${control}"`);
  const { host, port } = endpoint(text, control);
  if (token === undefined || token === '')
    throw new UserError('--token: required by a remote control (or set PITCHFORK_TOKEN)');
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UserError('--token: expected printable ASCII characters without spaces');
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
