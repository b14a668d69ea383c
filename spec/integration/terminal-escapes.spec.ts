// Goal: no control character of a client or of the app reaches a terminal: not by the commands, nor
// by `ps`, nor by the log. Method: a request whose path has C1 and bidi controls, an app that fails
// to load with an error full of C0 controls, and the bytes that come out everywhere.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { processOf } from '../support/processes.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const harmless = /^[\t\n\x20-\x7e]*$/;

const app = {
  text: `
import { existsSync } from 'node:fs';
if (existsSync(new URL('broken', import.meta.url)))
  throw new Error('\\x1b]0;pwned\\x07\\x1b[2J\\x9b31m\\u202e and \\x7f');
export default {
  fetch: ({ url }) => (url.endsWith('/') ? new Response('x') : new Promise(() => undefined)),
};
`,
};

describe('text of others', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('is escaped wherever a terminal can show it', async () => {
    server = await Server.start({
      app,
      workers: 1,
      config: `engine: 'uws', requestTimeout: '60s',`,
    });
    const control = ['--control', server.control];
    const pid = (await server.stats()).workers[0]?.pid ?? 0;
    const connection = await RawConnection.open(server.port);
    connection.send('/\x9b31mred\u202ehidden');
    const title = await until('the request in the title', () => {
      const found = processOf(pid)?.title ?? '';
      return found.includes('processing') && found;
    });
    expect(title).to.match(harmless).and.include('/\\u009b31mred\\u202ehidden');

    for (const command of [['backtrace'], ['backtrace', '--json']]) {
      const { stdout } = await runCommand([...command, ...control]);
      expect(stdout).to.match(harmless).and.include('\\u009b31mred\\u202ehidden');
    }
    connection.close();

    writeFileSync(join(server.directory, 'broken'), '');
    const failed = await runCommand(['phased-restart', '--wait', ...control]);
    expect(failed.code).to.equal(1);
    expect(failed.stderr).to.match(harmless).and.include('\\u001b]0;pwned\\u0007');
    for (const command of ['status', 'stats']) {
      const { stdout } = await runCommand([command, ...control]);
      expect(stdout).to.match(harmless).and.include('\\u001b]0;pwned\\u0007');
    }
    const [line = ''] = server
      .text()
      .split('\n')
      .filter((text) => text.includes('"msg":"failed"'));
    expect(line).to.match(harmless).and.include('\\u009b31m');
    await server.stop();
  });

  it('is escaped in the pretty log, and in the last words of a server that cannot start', async () => {
    const text = app.text.replace("existsSync(new URL('broken', import.meta.url))", 'true');
    server = await Server.start({
      app: { text },
      eager: true,
      config: `log: { format: 'pretty' },`,
    });
    expect((await server.exit).code).to.equal(1);
    expect(server.text()).to.match(harmless);
    expect(server.text().split('\n').at(-2)).to.match(/^pitchfork-ts: .*\\u001b\]0;pwned/);
  });
});
