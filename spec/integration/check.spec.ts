// Goal: `pitchfork-ts check` reports whether an app can be forked, in its table, in its JSON and in
// its exit code, and why not; it leaves nothing behind. Method: the real command on small apps.
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { resultOf, runCheck, verdictsOf, type CheckOptions } from '../support/checked.js';
import { canConnect } from '../support/server.js';

const plain = `export default (request, response) => response.end('hello');`;

const failing = `export default (request, response) => {
  response.statusCode = 500;
  response.end();
};`;

const usedSharp = `
  const create = { width: 300, height: 300, channels: 3, background: 'red' };
  await sharp({ create }).resize(100).blur(2).png().toBuffer();`;
const sharpAtBoot = `import sharp from 'sharp'; ${usedSharp} ${plain}`;

describe('pitchfork-ts check', function () {
  this.timeout(120_000);

  describe('of an app that can be forked', () => {
    it('prints a table that ends with the verdict, and exits with 0', async () => {
      const { code, stdout } = await runCheck({ app: plain, args: ['--request', '/'] });
      expect(stdout).to.match(/^\S+app\.mjs under Node \d+\.\d+\.\d+\n/);
      expect(stdout).to.match(/^audit:\n {2}no findings$/m);
      expect(stdout).to.match(/^ {2}forked in \d+\.\d ms$/m);
      for (const fork of [1, 2, 3]) {
        expect(stdout).to.match(new RegExp(`^  ok +fork ${fork}: GET /: 200 in \\d+ ms$`, 'm'));
        expect(stdout).to.match(new RegExp(`^  ok +fork ${fork}: garbage collection: `, 'm'));
      }
      expect(stdout).to.match(/^ {2}ok +randomness: differs in 3 forks$/m);
      expect(stdout).to.match(/^ {2}ok +promotion of fork 1: a mold after \d+ ms$/m);
      expect(stdout).to.match(/\nsafe to fork\n$/);
      expect(code).to.equal(0);
    });

    it('prints nothing but JSON with --json, whatever app and configuration print', async () => {
      const { code, stdout, stderr } = await runCheck({
        app: `console.log('the app loads');
          import { writeSync } from 'node:fs';
          writeSync(1, 'past the stream\\n');
          export default (request, response) => {
            console.log('the app answers');
            response.end();
          };`,
        prelude: `console.log('the configuration');`,
        args: ['--json', '--request', '/'],
      });
      const result: unknown = JSON.parse(stdout);
      expect(result).to.include({ safe: true, failure: null, node: process.versions.node });
      for (const text of ['the app loads', 'past the stream', 'the configuration'])
        expect(stderr).to.include(text);
      expect(stderr.match(/the app answers/g)).to.have.length(3);
      expect(code).to.equal(0);
    });

    it('sends no request unless asked', async () => {
      const { code, trials } = await resultOf({
        app: failing,
      });
      expect(trials.filter(({ name }) => name.includes('GET'))).to.deep.equal([]);
      expect(code).to.equal(0);
    });
  });

  describe('of an app that fails', () => {
    /** The fault, the app, its configuration, and the expected reason. */
    const failures: [title: string, app: string, config: string, reason: RegExp][] = [
      [
        'throws when it is loaded',
        `throw new Error('no licence');`,
        '',
        /^loading the app failed: \S*app\.mjs:1:7: Error: no licence/,
      ],
      [
        'ends the process when it is loaded',
        'process.exit(3);',
        '',
        /^loading the app failed: \S*app\.mjs:1:9: process\.exit\(3\) was called$/,
      ],
      [
        'never finishes loading',
        `setInterval(() => 0, 1000); await new Promise(() => 0);`,
        `spawnTimeout: '2s',`,
        /^loading the app: no answer within 2000 ms: it hangs$/,
      ],
      [
        'blocks when it is loaded',
        `for (;;);`,
        `spawnTimeout: '2s',`,
        /^loading the app: no answer within 2000 ms: it hangs$/,
      ],
      [
        'never answers',
        'export default () => undefined;',
        `spawnTimeout: '6s', shutdownTimeout: '1s',`,
        /^GET \/: no answer within 6000 ms: it hangs$/,
      ],
      ['answers with a server error', failing, '', /^GET \/: 500 in \d+ ms$/],
      [
        'ends the process when it is asked',
        'export default () => process.exit(4);',
        '',
        /^GET \/: Error: socket hang up; the process ended with exit code 4\b/,
      ],
      [
        'has a hook that throws in workers',
        plain,
        `afterWorkerFork() { throw new Error('no database'); },`,
        /^fork 1 failed: start: \S+:\d+:\d+: Error: no database/,
      ],
      [
        'has a hook that throws in the mold',
        plain,
        `afterMoldFork() { throw new Error('no way'); },`,
        /^loading the app failed: afterMoldFork: \S+:\d+:\d+: Error: no way/,
      ],
      [
        'is refused by the audit',
        sharpAtBoot,
        '',
        /^sharp@\S+ runs \d+ threads? \("libvips worker"\): /,
      ],
      [
        'says so itself when it was used',
        `import { worker } from ${JSON.stringify(new URL('../../lib/index.js', import.meta.url))};
         export default (request, response) => {
           worker.noLongerForkSafe('a dongle');
           response.end();
         };`,
        '',
        /^app says that it is no longer fork-safe: a dongle$/,
      ],
    ];

    for (const [title, app, config, reason] of failures)
      it(`reports that it ${title}, and exits with 1`, async () => {
        const args = ['--request', '/'];
        const { code, failure, safe } = await resultOf({ app, config, args });
        expect(failure).to.match(reason);
        expect({ safe, code }).to.deep.equal({ safe: false, code: 1 });
      });

    it('prints the reason as the last words of the table', async () => {
      const { code, stdout } = await runCheck({ app: sharpAtBoot });
      expect(stdout).to.match(/^ {2}refuse +sharp \d\S*: runs \d+ threads? /m);
      expect(stdout).to.match(/^ {8} {2}remedy: \S/m);
      expect(stdout).to.match(/^forks:\n {2}not forked$/m);
      expect(stdout).to.match(/\nNOT safe to fork: sharp@[^\n]+\n$/);
      expect(code).to.equal(1);
    });

    const missing: [title: string, options: Partial<CheckOptions>, name: RegExp][] = [
      ['configuration', { args: ['-c', 'missing.mjs', '--json'] }, /missing\.mjs/],
      ['app', { config: `app: './missing.mjs',` }, /missing\.mjs/],
    ];
    for (const [title, options, name] of missing)
      it(`reports a missing ${title} in one line on stderr`, async () => {
        const { code, stdout, stderr } = await runCheck({ app: plain, ...options });
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
        expect(stderr)
          .to.match(/^pitchfork-ts: [^\n]+\n$/)
          .and.to.match(name);
      });
  });

  describe('of an app that cannot be forked once it was used', () => {
    const app = `import sharp from 'sharp';
      export default async (request, response) => {
        ${usedSharp}
        response.end();
      };`;

    it('reports it after the request', async () => {
      const result = await resultOf({ app, args: ['--request', '/'] });
      expect(verdictsOf(result)).to.deep.equal(['refuse: sharp']);
      expect(result.failure).to.match(/^sharp@/);
      expect(result.forkMs).to.be.greaterThan(0);
      expect(result.code).to.equal(1);
    });

    it('does not find it without the request', async () => {
      const result = await resultOf({ app });
      expect(verdictsOf(result)).to.deep.equal([]);
      expect(result.code).to.equal(0);
    });
  });

  describe('with incompatibleModules', () => {
    const settings: [settings: string, ...verdicts: string[]][] = [
      [`'warn'`, 'warn: sharp'],
      [`'ignore'`, 'warn: sharp'],
      [`{ except: ['sharp'] }`],
    ];
    for (const [policy, ...verdicts] of settings)
      it(`${policy} forks an app that would be refused`, async () => {
        const config = `incompatibleModules: ${policy},`;
        const result = await resultOf({ app: sharpAtBoot, config, args: ['--request', '/'] });
        expect(verdictsOf(result)).to.deep.equal(verdicts);
        expect(result.trials.filter(({ ok }) => !ok)).to.deep.equal([]);
        expect(result.code).to.equal(0);
      });

    it('also refuses modules that the configuration adds', async () => {
      const also = `[{ name: 'ulid', breaks: 'everything', remedy: 'leave it' }]`;
      const result = await resultOf({
        app: `import 'ulid'; ${plain}`,
        config: `incompatibleModules: { also: ${also} },`,
      });
      expect(verdictsOf(result)).to.deep.equal(['refuse: ulid']);
      expect(result.code).to.equal(1);
    });
  });

  describe('leaves nothing behind', () => {
    it('no child process of the app, and no port', async () => {
      const { code, stderr } = await runCheck({
        app: `import { spawn } from 'node:child_process';
          spawn('sleep', ['600'], { stdio: 'ignore' });
          spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
          export default ({ socket }, response) => {
            spawn('sleep', ['600'], { stdio: 'ignore' });
            console.log('port', socket.localPort);
            response.end();
          };`,
        args: ['--request', '/'],
      });
      const ports = [...stderr.matchAll(/^port (\d+)$/gm)].map(([, port]) => Number(port));
      expect(ports).to.have.length(3);
      for (const port of ports) expect(await canConnect(port)).to.equal(false);
      expect(code).to.equal(0);
    });

    it('no temporary file that the app removes at its exit', async () => {
      const { code, stderr } = await runCheck({
        app: `import { existsSync } from 'node:fs';
          import tmp from 'tmp';
          tmp.setGracefulCleanup();
          const { name } = tmp.fileSync();
          export default (request, response) => {
            console.log('file', name);
            response.statusCode = existsSync(name) ? 200 : 500;
            response.end();
          };`,
        args: ['--request', '/'],
      });
      const files = new Set([...stderr.matchAll(/^file (\S+)$/gm)].map(([, file]) => file));
      expect(files.size).to.equal(1);
      for (const file of files) expect(existsSync(file ?? ''), file).to.equal(false);
      expect(code).to.equal(0);
    });
  });
});
