// Goal: a phased restart says which changes of the configuration it does not apply; a restart applies
// them. Method: the configuration of a running server is edited; the output of the command, the log.
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { fixtureApp, Server } from '../support/server.js';

const command = fileURLToPath(new URL('../../bin/pitchfork-ts.js', import.meta.url));

describe('an edited configuration', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const run = async (name: string): Promise<string> => {
    const args = [command, name, '--wait', '--control', server.control];
    return (await promisify(execFile)(process.execPath, args)).stdout;
  };

  it('is applied by a restart; a phased restart says what it leaves out', async () => {
    server = await Server.start({
      ...{ app: fixtureApp('plain.mjs'), workers: 2 },
      config: "spawnTimeout: '30s',",
    });
    const edited = readFileSync(server.configFile, 'utf8')
      .replace('workers: 2', 'workers: 3, keepAliveTimeout: 999')
      .replace("spawnTimeout: '30s'", "spawnTimeout: '31s'");
    writeFileSync(server.configFile, edited);
    const [remark, done] = (await run('phased-restart')).split('\n');
    expect(remark).to.equal(
      'phased-restart: spawnTimeout, workers changed in the configuration: `restart` applies them',
    );
    expect(done).to.match(/^phased-restart: done in .* on 2 workers/);
    const text = 'spawnTimeout, workers changed in pitchfork.conf.mjs: `restart` applies them';
    const line = await server.logged(text, { level: 'warn' });
    expect(line['options']).to.deep.equal(['spawnTimeout', 'workers']);
    await run('restart');
    expect((await server.settled()).workers).to.have.length(3);
    expect((await run('phased-restart')).split('\n')).to.have.length(2);
    await server.stop();
  });

  it('that is the same for another user is not said to have changed', async function () {
    if (process.getuid?.() !== 0) this.skip();
    server = await Server.start({
      ...{ app: fixtureApp('plain.mjs'), workers: 1, eager: true },
      config: `user: 'nobody', control: undefined,`,
    });
    chmodSync(server.directory, 0o755);
    await server.logged('all workers are ready', {}, 30_000);
    server.signal('SIGUSR1');
    await server.logged('phased restart complete');
    expect(server.log().filter(({ options }) => options !== undefined)).to.deep.equal([]);
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    await server.expectNothingLeft();
  });
});
