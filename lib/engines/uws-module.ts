// Finds uWebSockets.js, an optional peer, and verifies that it is native: a package that cannot
// load its binary may fall back to a slow imitation in JavaScript, which must never serve.
import { messageOf } from '../base/error-text.js';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UserError } from '../base/user-error.js';

/** The part of a response that engines use; apps use more. */
export interface UwsResponse {
  end(body?: UwsText, closeConnection?: boolean): UwsResponse;
  endWithoutBody(reportedContentLength?: number, closeConnection?: boolean): UwsResponse;
  tryEnd(body: UwsText, totalSize: number): [boolean, boolean];
  write(chunk: UwsText): boolean;
  writeStatus(status: UwsText): UwsResponse;
  writeHeader(name: UwsText, value: UwsText): UwsResponse;
  close(): UwsResponse;
  cork(callback: () => void): UwsResponse;
  pause(): UwsResponse;
  resume(): UwsResponse;
  onAborted(callback: () => void): UwsResponse;
  onData(callback: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  onWritable(callback: (offset: number) => boolean): UwsResponse;
  getWriteOffset(): number;
  upgrade(...parameters: unknown[]): void;
}

export type UwsText = string | ArrayBuffer | ArrayBufferView;

export interface UwsRequest {
  getMethod(): string;
  getUrl(): string;
  /** Undefined or empty if there is none, depending on the version. */
  getQuery(): string | undefined;
  getHeader(name: string): string;
  forEach(callback: (name: string, value: string) => void): void;
}

export interface UwsSocket {
  end(code: number, reason?: string): void;
}

export type UwsHandler = (response: UwsResponse, request: UwsRequest, context?: unknown) => unknown;

export interface UwsBehavior {
  upgrade?: UwsHandler;
  open?: (socket: UwsSocket) => unknown;
  close?: (socket: UwsSocket, ...rest: unknown[]) => unknown;
}

/** A TemplatedApp; every method returns it. */
export type UwsTemplatedApp = {
  get(pattern: string, handler: UwsHandler): UwsTemplatedApp;
  any(pattern: string, handler: UwsHandler): UwsTemplatedApp;
  ws(pattern: string, behavior: UwsBehavior): UwsTemplatedApp;
  listen(host: string, port: number, callback: (socket: object | false) => void): UwsTemplatedApp;
};

export interface UwsModule {
  App: () => UwsTemplatedApp;
  us_listen_socket_close(socket: object): void;
  us_socket_local_port(socket: object): number;
}

const packageName = 'uWebSockets.js';
/** The last release that has a binary for Node 20, and one for later versions. */
const release = Number(process.versions.modules) < 127 ? 'v20.52.0' : 'v20.67.0';
const installLine = `npm install uNetworking/uWebSockets.js#${release}`;

/** Resolves from the app's directory first, then from this package's. */
export function loadUws(appFile: string): UwsModule {
  const main = resolveFrom(appFile) ?? resolveFrom(import.meta.url);
  if (main === undefined)
    throw new UserError(
      `cannot use engine 'uws': ${packageName} is not installed ` +
        `(looked up from ${appFile}): ${installLine}`,
    );
  const require = createRequire(main);
  // The binary first and by itself: if it does not load, the reason is known and nothing falls
  // back.
  const binary = findBinary(main);
  try {
    require(binary);
  } catch (error) {
    const reason = messageOf(error);
    throw new UserError(unusable(main, `cannot load ${binary}: ${reason}`), { cause: error });
  }
  const uws = require(main) as UwsModule;
  if (!isNative(uws.App))
    throw new UserError(
      unusable(
        main,
        'it serves its JavaScript imitation: unset UWS_USE_FALLBACK in the environment',
      ),
    );
  return uws;
}

function resolveFrom(file: string): string | undefined {
  try {
    return createRequire(file).resolve(packageName);
  } catch {
    return undefined;
  }
}

function findBinary(main: string): string {
  const name = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  let root = dirname(main);
  while (!existsSync(join(root, 'package.json')) && dirname(root) !== root) root = dirname(root);
  // Beside package.json in the official package, in binaries/ in others.
  const found = [join(root, name), join(root, 'binaries', name)].find((file) => existsSync(file));
  if (found === undefined) throw new UserError(unusable(main, `it has no binary ${name}`));
  return found;
}

function unusable(main: string, reason: string): string {
  const { node, modules } = process.versions;
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = report.header?.glibcVersionRuntime ?? 'none';
  return (
    `cannot use engine 'uws' on Node ${node} (ABI ${modules}, ` +
    `${process.platform}-${process.arch}, glibc ${glibc}) with ${main}: ${reason}. ` +
    `Install a release made for them (${installLine}), or set engine to 'node'`
  );
}

function isNative(value: unknown): boolean {
  return (
    typeof value === 'function' && Function.prototype.toString.call(value).includes('[native code]')
  );
}
