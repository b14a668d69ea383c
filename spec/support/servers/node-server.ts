// A server of spec/fixtures/servers, in a process of its own.
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withDeadline } from '../server.js';
import { ownDirectory, type Backend } from './backend.js';

/** Its report on its connections, in the form of spec/fixtures/servers/view.mjs. */
interface View {
  readonly open: string[];
  readonly complaints: string[];
}

type Message = { type: 'listening'; port: number } | ({ type: 'view' } & View);

const fixtures = fileURLToPath(new URL('../../../../spec/fixtures/servers/', import.meta.url));
const answerMs = 15_000;

/** `tls`: with a self-signed certificate made for it. */
export async function startNodeServer(file: string, { tls = false } = {}): Promise<Backend> {
  const directory = ownDirectory();
  const args = tls ? makeCertificate(directory) : [];
  const server = fork(join(fixtures, file), args, { execArgv: [] });
  const exit = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const { port } = await next(server, 'listening', () => undefined);
  const view = (): Promise<View> => next(server, 'view', () => server.send('view'));
  return {
    address: `127.0.0.1:${port}`,
    env: { BACKEND_PORT: String(port), BACKEND_CERTIFICATE: args[1] ?? '' },
    connections: async () => (await view()).open,
    complaints: async () => (await view()).complaints,
    async stop() {
      server.disconnect();
      await withDeadline(exit, answerMs, `${file} to end`).finally(() => server.kill('SIGKILL'));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function makeCertificate(directory: string): [key: string, certificate: string] {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync(
    'openssl',
    ['req', '-x509', ...kind, ...subject, '-days', '1', '-keyout', key, '-out', certificate],
    { stdio: 'ignore' },
  );
  return [key, certificate];
}

/** The first message of this type after `ask`. */
function next<Type extends Message['type']>(
  server: ChildProcess,
  type: Type,
  ask: () => unknown,
): Promise<Extract<Message, { type: Type }>> {
  const ended = (code: number | null): void => fail(new Error(`it ended with status ${code}`));
  const receive = (message: Message): void => {
    if (is(message, type)) succeed(message);
  };
  let succeed: (message: Extract<Message, { type: Type }>) => void;
  let fail: (error: Error) => void;
  const answer = new Promise<Extract<Message, { type: Type }>>((resolve, reject) => {
    [succeed, fail] = [resolve, reject];
  });
  server.on('message', receive).on('exit', ended);
  ask();
  const what = `"${type}" from ${server.spawnargs[1]}`;
  return withDeadline(answer, answerMs, what).finally(() => {
    server.off('message', receive).off('exit', ended);
  });
}

const is = <Type extends Message['type']>(
  message: Message,
  type: Type,
): message is Extract<Message, { type: Type }> => message.type === type;
