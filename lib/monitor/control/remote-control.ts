// The control API over TCP, for clients that have the token.
import { formatHost } from '../../base/format-host.js';
import { messageOf } from '../../base/error-text.js';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { UserError } from '../../base/user-error.js';
import { readToken } from '../../config/readers.js';
import type { RemoteControl } from '../../config/settings.js';
import { secrets, tokenVariable } from '../../system/launch.js';
import { readPrivateFile } from '../../system/privileges/private-file.js';
import { holdPort, serveOn, type HeldPort } from '../../system/held-port.js';
import { hostCheck, misdirected, senderOf } from '../../operators/host-check.js';
import {
  closeServer,
  createControlServer,
  refuseWith,
  type Commands,
  type Refusal,
} from './control.js';
import type { LimitedLog } from '../log/limited.js';
import type { Log } from '../log/log.js';

/** Open, but not served yet. */
export interface HeldRemoteControl {
  readonly port: HeldPort;
  readonly isAllowed: Permission;
}

export interface OpenRemoteControl {
  /** 'http://127.0.0.1:9293', with the real port. */
  readonly url: string;
  /** As for the control socket. */
  close(): Promise<void>;
}

/** Throws a UserError if the token cannot be read or the port cannot be opened. */
export async function openRemoteControl(settings: RemoteControl): Promise<HeldRemoteControl> {
  const isAllowed = permission(settings);
  return { port: await listenForRemoteControl(settings), isAllowed };
}

/** Throws a UserError if the port cannot be opened. */
export const listenForRemoteControl = (settings: RemoteControl): Promise<HeldPort> =>
  holdPort(settings, (place, reason) => `remoteControl: cannot listen on ${place}: ${reason}`);

/** Owns the socket from now on. */
export async function serveRemoteControl(
  { port: held, isAllowed }: HeldRemoteControl,
  commands: Commands,
  log: Log,
  strangers: LimitedLog,
): Promise<OpenRemoteControl> {
  const refuse: Refusal = (request, response) => {
    if (!isForUs(request)) refuseHost(request, response, strangers);
    else if (!isAllowed(request)) refuseStranger(request, response, strangers);
    else return false;
    return true;
  };
  const server = createControlServer(commands, log, strangers, refuse);
  const isForUs = hostCheck(server, held.host);
  const port = await serveOn(held, server);
  server.on('error', (error) => log.error({ err: error }, 'remote control failed'));
  const url = `http://${formatHost(held.host)}:${port}`;
  return { url, close: () => closeServer(server) };
}

function refuseHost(request: IncomingMessage, response: ServerResponse, log: LimitedLog): void {
  log.warn(senderOf(request), 'control command refused: foreign Host');
  refuseWith(response, 421, misdirected);
}

/** A client without permission learns nothing else. */
function refuseStranger(request: IncomingMessage, response: ServerResponse, log: LimitedLog): void {
  log.warn({ from: request.socket.remoteAddress }, 'control command refused: no valid token');
  response.setHeader('www-authenticate', 'Bearer');
  refuseWith(response, 401, 'the token is missing or wrong (Authorization: Bearer …)');
}

export type Permission = (request: IncomingMessage) => boolean;

/** Tests a request for the token. Throws a UserError if the token cannot be read. */
export const permission = (settings: RemoteControl): Permission => bearerOf(tokenOf(settings));

/** The token is not in the configuration. */
export const isTokenOfVariable = ({ token, tokenFile }: RemoteControl): boolean =>
  token === null && tokenFile === null;

function tokenOf({ token, tokenFile }: RemoteControl): string {
  if (token !== null) return token;
  if (tokenFile !== null)
    return checked(`remoteControl.tokenFile: cannot use ${tokenFile}`, () =>
      readPrivateFile(tokenFile),
    );
  const given = secrets.token;
  if (given === null)
    throw new UserError(`remoteControl: needs a \`tokenFile\`, or the variable ${tokenVariable}`);
  return checked(`remoteControl: cannot use ${tokenVariable}`, () => given);
}

function checked(complaint: string, read: () => string): string {
  try {
    return readToken(read());
  } catch (error) {
    throw new UserError(`${complaint}: ${messageOf(error)}`);
  }
}

/** The duration of the comparison reveals nothing of the token, not even its length. */
function bearerOf(token: string): Permission {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = hash(token);
  return ({ headers }) => {
    const given = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    return given !== undefined && timingSafeEqual(hash(given), expected);
  };
}
