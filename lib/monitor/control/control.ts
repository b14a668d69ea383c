// The control API: HTTP over a unix socket that only our own user can open. No request, and no lack
// of one, can end or block the monitor.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { messageOf } from '../../base/error-text.js';
import { UserError } from '../../base/user-error.js';
import { ensureControlDirectory } from '../../config/runtime-directory.js';
import { native } from '../../system/native.js';
import {
  operationNames,
  operations,
  questionNames,
  questions,
  type Answers,
  type OperationName,
  type QuestionName,
} from '../../control-api/routes.js';
import { createOperatorsServer } from '../../operators/server.js';
import { listenOn } from '../../system/held-port.js';
import type { Outcome } from '../../control-api/outcome.js';
import type { LimitedLog } from '../log/limited.js';
import type { Log } from '../log/log.js';
import { heldSocket, listenOnPath, type UnixSocket } from '../sockets/unix-path.js';

type Questions = { [Name in QuestionName]: () => Promise<Answers[Name]> };

/** With `wait`, the outcome of the whole operation, else of its start. */
type Operations = Record<OperationName, (wait: boolean) => Promise<Outcome>>;

/** The monitor's implementation of the control API. */
export type Commands = Questions & Operations;

/** Plain data, for the next program of a hot restart. */
export interface HeldControl extends Pick<UnixSocket, 'fd' | 'identity'> {
  readonly path: string;
}

export interface Control {
  readonly path: string;
  /** Allows a second for answers to reach their clients. Removes the path if it is still ours. */
  close(): Promise<void>;
}

const questionAt: ReadonlyMap<string, QuestionName> = new Map(
  questionNames.map((name) => [questions[name].path, name]),
);

const operationAt: ReadonlyMap<string, OperationName> = new Map(
  operationNames.map((name) => [operations[name].path, name]),
);

const backlog = 64;
const maxHeaderBytes = 4096;
const maxBodyBytes = 4096;
const farewellMs = 1_000;

/** Throws a UserError if the path cannot be used, such as that of another live instance. */
export async function listenForControl(path: string): Promise<HeldControl> {
  ensureControlDirectory(path);
  const live = `another pitchfork-ts already runs with control socket ${path}`;
  try {
    const { fd, identity } = await listenOnPath({ path, backlog, mode: 0o600 }, live);
    return { path, fd, identity };
  } catch (error) {
    const message = messageOf(error);
    throw new UserError(message === live ? live : `control: ${message}`);
  }
}

/** Closes a socket that is not served. */
export function releaseControl(held: HeldControl): void {
  heldSocket(held.path, held).unlink();
  native.closeDescriptor(held.fd);
}

/** Owns the socket from now on. */
export async function serveControl(
  held: HeldControl,
  commands: Commands,
  log: Log,
  strangers: LimitedLog,
): Promise<Control> {
  const { path, fd } = held;
  const server = createControlServer(commands, log, strangers);
  await listenOn(fd, server);
  server.on('error', (error) => log.error({ err: error }, 'control socket failed'));
  return {
    path,
    close() {
      heldSocket(path, held).unlink();
      return closeServer(server);
    },
  };
}

/** Sends an answer, and returns true, if the client is not allowed to give commands. */
export type Refusal = (request: IncomingMessage, response: ServerResponse) => boolean;

/** `strangers`: a log of what anyone can cause who can connect. */
export function createControlServer(
  commands: Commands,
  log: Log,
  strangers: LimitedLog,
  refuse: Refusal = () => false,
): Server {
  const crowded = (closed: number): void =>
    strangers.warn({ closed }, 'control: too many connections, closed the least active');
  const limits = { maxHeaderBytes, keepAliveMs: 1_000, sparesRequests: true };
  return createOperatorsServer({ ...limits, crowded }, (request, response) => {
    limitBody(request);
    if (refuse(request, response)) return;
    answer(request, response, commands, log).catch((error: unknown) => {
      log.error({ err: error, url: request.url }, 'control command failed');
      refuseWith(response, 500, String(error));
    });
  });
}

/** Commands have no body: a short one is ignored, a long one ends the connection. */
function limitBody(request: IncomingMessage): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) request.destroy();
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  commands: Commands,
  log: Log,
): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const question = questionAt.get(path);
  if (question) {
    if (request.method !== 'GET') return refuseMethod(response, 'GET');
    return reply(response, 200, await commands[question]());
  }
  const operation = operationAt.get(path);
  if (!operation) return refuseWith(response, 404, `unknown command ${path.slice(0, 100)}`);
  if (request.method !== 'POST') return refuseMethod(response, 'POST');

  const wait = new URLSearchParams(query).get('wait') === '1';
  log.info({ command: path, wait }, 'control command');
  const outcome = await commands[operation](wait);
  reply(response, outcome.ok ? 200 : 409, outcome);
}

function refuseMethod(response: ServerResponse, allowed: string): void {
  response.setHeader('allow', allowed);
  refuseWith(response, 405, `use ${allowed}`);
}

export function refuseWith(response: ServerResponse, status: number, error: string): void {
  reply(response, status, { ok: false, error });
}

function reply(
  response: ServerResponse,
  status: number,
  body: Outcome | Answers[QuestionName],
): void {
  if (response.headersSent) return;
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    // One command per connection: no client stays idle.
    connection: 'close',
  });
  response.end(text);
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), farewellMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
