// The control API over TCP, for those who have the token and for nobody else.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { ConfigError } from '../config/config-error.js';
import { readToken } from '../config/readers.js';
import type { RemoteControl } from '../config/settings.js';
import { closeServer, createControlServer, type Commands } from './control.js';
import type { Log } from './log.js';
import { formatHost } from './tcp-port.js';

export interface OpenRemoteControl {
  /** 'http://127.0.0.1:9293', with the real port. */
  readonly url: string;
  /** As that of the control socket. */
  close(): Promise<void>;
}

/** Throws a ConfigError if the port or the token cannot be had. */
export async function openRemoteControl(
  settings: RemoteControl,
  commands: Commands,
  log: Log,
): Promise<OpenRemoteControl> {
  const { host, port } = settings;
  const isAllowed = bearerOf(tokenOf(settings));
  const server = createControlServer(commands, log, isAllowed);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`remoteControl: cannot listen on ${formatHost(host)}:${port}: ${reason}`);
  });
  server.on('error', (error) => log.error({ err: error }, 'remote control failed'));
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return { url: `http://${formatHost(host)}:${bound}`, close: () => closeServer(server) };
}

function tokenOf({ token, tokenFile }: RemoteControl): string {
  if (tokenFile === undefined) return token ?? '';
  try {
    return readToken(readFileSync(tokenFile, 'utf8').trim());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`remoteControl.tokenFile: cannot use ${tokenFile}: ${reason}`);
  }
}

/** How long the comparison takes tells nothing of the token, not even its length. */
function bearerOf(token: string): (request: IncomingMessage) => boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = hash(token);
  return ({ headers }) => {
    const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(hash(given), expected);
  };
}
