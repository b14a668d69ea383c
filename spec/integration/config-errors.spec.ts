// Goal: a server that cannot start gives the reason in one line, ends with code 1 and disturbs no
// other. Method: the command with impossible configurations, some of them beside a running server.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand, type Ended } from '../support/command.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { scratch } from '../support/scratch.js';
import { Server, fixtureApp } from '../support/server.js';

const app = fixtureApp('plain.mjs');

function expectOneLine(ended: Ended, problem: RegExp): void {
  expect(ended.code).to.equal(1);
  expect(ended.stdout).to.equal('');
  expect(ended.stderr)
    .to.match(/^pitchfork-ts: [^\n]+\n$/)
    .and.match(problem);
}

describe('a server that cannot start', () => {
  const directory = scratch();
  const start = (config: object): Promise<Ended> => {
    const complete = { app, workers: 1, listen: '127.0.0.1:0', metrics: false, ...config };
    const file = directory.write(
      'pitchfork.conf.mjs',
      `export default ${JSON.stringify({ control: './control.sock', ...complete })};`,
    );
    return runCommand(['-c', file]);
  };

  const problems: [name: string, config: object, problem: RegExp][] = [
    ['an unknown key', { worker: 2 }, /\bworker\b.*workers/],
    ['a wrong type', { workers: 'many' }, /\bworkers\b/],
    ['no app', { app: undefined }, /\bapp\b/],
    ['an app that does not exist', { app: './missing.mjs' }, /app.*missing\.mjs/],
    ['a bad port', { listen: '127.0.0.1:70000' }, /listen.*70000/],
    [
      'an address of another machine',
      { listen: '192.0.2.1:8080' },
      /192\.0\.2\.1:8080.*EADDRNOTAVAIL/,
    ],
    ['a host without an address', { listen: 'nowhere.invalid:8080' }, /nowhere\.invalid:8080/],
    [
      'a path in a missing directory',
      { listen: 'unix:missing/app.sock' },
      /missing\/app\.sock.*ENOENT/,
    ],
    ['a bad duration', { spawnTimeout: 'soon' }, /spawnTimeout.*soon/],
    ['a hook that is no function', { beforeFork: 7 }, /beforeFork/],
  ];
  for (const [name, config, problem] of problems)
    it(`names ${name} (C1, C2)`, async () => {
      expectOneLine(await start(config), problem);
      expect(existsSync(join(directory.path, 'control.sock'))).to.equal(false);
    });

  it('names a file that is not a socket, and leaves it as it is', async () => {
    const file = directory.write('precious', 'precious data');
    expectOneLine(
      await start({ listen: 'unix:precious' }),
      /precious: a file that is not a socket/,
    );
    expect(readFileSync(file, 'utf8')).to.equal('precious data');
  });

  it('names a configuration file that does not exist', async () => {
    const file = join(directory.path, 'missing.conf.ts');
    expectOneLine(await runCommand(['-c', file]), /missing\.conf\.ts/);
  });

  describe('beside a running one', () => {
    let server: Server;
    afterEach(() => server.destroy());

    const expectUndisturbed = async (): Promise<void> => {
      await expectPostConditions(server, { workers: 2 });
      expect(server.log('ended unexpectedly')).to.deep.equal([]);
      await server.stop();
    };

    for (const queues of ['per-worker', 1])
      for (const theirs of ['per-worker', 1])
        it(`names a port in use (queues ${queues} beside ${theirs}) (C4)`, async () => {
          const listen = { address: '127.0.0.1:0', queues: theirs };
          server = await Server.start({ app, config: `listen: ${JSON.stringify(listen)},` });
          const address = `127.0.0.1:${server.port}`;
          const ended = await start({ listen: { address, queues } });
          expectOneLine(ended, new RegExp(`cannot listen on ${address}: EADDRINUSE: `));
          await expectUndisturbed();
        });

    it('names a control socket in use', async () => {
      server = await Server.start({ app });
      const ended = await start({ control: server.control });
      expectOneLine(ended, /already runs with control socket .*control\.sock/);
      await expectUndisturbed();
    });

    it('names a metrics port in use', async () => {
      server = await Server.start({ app });
      const address = `127.0.0.1:${server.metricsPort}`;
      const ended = await start({ metrics: { listen: address } });
      expectOneLine(ended, new RegExp(`${address}.*EADDRINUSE|EADDRINUSE.*${address}`));
      await expectUndisturbed();
    });
  });
});
