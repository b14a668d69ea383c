// Goal: a boot that ends without an error of its own has its reason, and where there is one the
// place, in the last line: not an exit code. Method: apps that end so, the real server and check.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { resultOf } from '../support/checked.js';
import { Server } from '../support/server.js';
import { supportedNodes } from '../support/nodes.js';

const app = 'export default (request, response) => response.end();';
const never = 'new Promise(() => {})';
const soon = 'await new Promise((resolve) => setTimeout(resolve, 5_000));';
const factory = `[Symbol.for('pitchfork-ts.factory')]`;

const ends: readonly [title: string, text: string, reason: RegExp][] = [
  [
    'a top-level await that never settles',
    `await ${never}; ${app}`,
    /app\.mjs: a top-level await, here or in a module that it imports, never settles/,
  ],
  [
    'an exported promise that never settles',
    `export default ${never};`,
    /app\.mjs: the promise that it exports never settles/,
  ],
  [
    'a factory that never settles',
    `export default { ${factory}: () => ${never} };`,
    /app\.mjs: its factory\(…\) never settles/,
  ],
  [
    'an unhandled rejection',
    `Promise.reject(new TypeError('no database')); ${soon} ${app}`,
    /app\.mjs:1:16: TypeError: no database \(unhandled rejection\)$/,
  ],
  [
    'a rejection with something else than an error',
    `Promise.reject('no database'); ${soon} ${app}`,
    /no database.*\(unhandled rejection\)$/,
  ],
  [
    'an uncaught error',
    `setTimeout(() => { throw new RangeError('too late'); }); ${soon} ${app}`,
    /app\.mjs:1:26: RangeError: too late$/,
  ],
  [
    'process.exit, with the code of success',
    `const stop = () =>\n  process.exit(0);\nstop(); ${app}`,
    /app\.mjs:2:11: process\.exit\(0\) was called$/,
  ],
];

/** The exit code and the last line of a server that cannot boot. */
async function endOf(server: Server): Promise<{ code: number | null; lastLine: string }> {
  const { code } = await server.exit;
  const lines = readFileSync(server.output, 'utf8').trimEnd().split('\n');
  return { code, lastLine: lines.at(-1) ?? '' };
}

describe('a boot (C14) that ends by', function () {
  this.timeout(60_000);
  let server: Server | undefined;
  afterEach(() => server?.destroy());

  for (const [title, text, reason] of ends)
    it(title, async () => {
      server = await Server.start({ app: { text }, workers: 1, eager: true });
      const { code, lastLine } = await endOf(server);
      expect(lastLine)
        .to.match(/^pitchfork-ts: could not boot: /)
        .and.to.match(reason);
      expect(code).to.equal(1);
    });

  it('a top-level await is explained under each Node', async () => {
    for (const { execPath: node } of supportedNodes()) {
      const text = `await ${never}; ${app}`;
      server = await Server.start({ app: { text }, workers: 1, eager: true, node });
      const { lastLine } = await endOf(server);
      expect(lastLine).to.match(/app\.mjs: a top-level await.* never settles/);
      await server.destroy();
    }
  });

  it('an import by a path of tsconfig.json', async () => {
    server = await Server.start({ app: { text: `import '@/db'; ${app}` }, eager: true });
    const { lastLine } = await endOf(server);
    expect(lastLine).to.match(/Cannot find package '@\/db'.*: paths of tsconfig\.json are not/);
  });

  it('an error that the app handles does not end', async () => {
    const text = `process.on('uncaughtException', () => process.removeAllListeners('uncaughtException'));
      setTimeout(() => { throw new Error('handled'); });
      await new Promise((resolve) => setTimeout(resolve, 50));
      export default (request, response) => response.end('hello');`;
    server = await Server.start({ app: { text }, workers: 1 });
    expect(await server.get()).to.equal('hello');
    expect(server.log('failed')).to.deep.equal([]);
    await server.stop();
  });

  it('a hook that never settles, in the mold', async () => {
    const config = `afterMoldFork: () => ${never},`;
    server = await Server.start({ app: { text: app }, config, workers: 1, eager: true });
    const { lastLine } = await endOf(server);
    expect(lastLine).to.match(
      /could not boot: a hook of the mold \(afterMoldFork, .*\) never settles/,
    );
  });

  it('any of these is explained by check too', async () => {
    const { failure } = await resultOf({ app: `export default ${never};` });
    expect(failure).to.match(/^loading the app failed: \S*app\.mjs: the promise that it exports/);
  });
});
