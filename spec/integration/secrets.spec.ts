// Goal: secrets that an app draws at boot are the same in all workers and generations: the
// signatures of one are accepted by the others, and TLS sessions are resumed by any; pooled values
// of a driver are not shared. Method: an app with such secrets; a TLS client that takes one
// worker's session ticket to another.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { scratch } from '../support/scratch.js';
import { fixtureApp, Server } from '../support/server.js';

interface Answer {
  pid: number;
  secrets: string[];
  signature: string;
  /**
   * Identifier of a pooled session. Two processes with the same one would look like one that
   * retries.
   */
  session: string;
  port: number;
}

interface Visit {
  said: string;
  session: Buffer | undefined;
}

/** Resolves at the end of the connection, with the last session ticket that came. */
function visit(port: number, session?: Buffer): Promise<Visit> {
  return new Promise((resolve, reject) => {
    let said = '';
    let ticket: Buffer | undefined;
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false };
    const socket = connect({ ...options, ...(session && { session }) });
    socket.setEncoding('utf8');
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.on('session', (latest) => (ticket = latest));
    socket.on('data', (text: string) => (said += text));
    socket.on('error', reject);
    socket.on('close', () => resolve({ said, session: ticket }));
  });
}

describe('secrets of an app', () => {
  const folder = scratch();
  let server: Server;
  afterEach(() => server.destroy());

  it('are the same in all workers of two generations, and TLS sessions go from one to another', async () => {
    const [key, certificate] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const files = ['-nodes', '-keyout', key, '-out', certificate, '-subj', '/CN=localhost'];
    execFileSync('openssl', [...request, ...files], { stdio: 'ignore' });
    server = await Server.start({
      app: fixtureApp('secrets.mjs'),
      workers: 3,
      env: { TLS_KEY: key, TLS_CERT: certificate },
      config: `afterWorkerFork: () => globalThis.listenTls(),
        afterMoldFork: () => globalThis.closeTls(),`,
    });
    const first = [...(await fromEachWorker<Answer>(server, '/')).values()];
    expect(first).to.have.length(3);

    const { said, session: ticket } = await visit(first[0]?.port ?? 0);
    expect(said).to.equal('full handshake');
    for (const { port } of first.slice(1))
      expect((await visit(port, ticket)).said).to.equal('resumed');

    expect((await server.refork()).body).to.include({ ok: true });
    const second = [...(await fromEachWorker<Answer>(server, '/')).values()];
    const [{ secrets, signature } = { secrets: [], signature: '' }] = first;
    for (const answer of [...first, ...second])
      expect(answer).to.deep.include({ secrets, signature });
    const sessions = [...first, ...second].map(({ session }) => session);
    expect(new Set(sessions).size).to.equal(6);
    for (const id of sessions) expect(id).to.match(/^.{12}4.{3}[89ab]/);
    await server.stop();
  });
});
