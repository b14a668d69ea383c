// Goal: each problem of a configuration is named in one line that allows a fix. Method: real files;
// each row is a text and the expected message.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { UserError } from '../../lib/base/user-error.js';
import { loadSettings } from '../../lib/config/load.js';
import { scratch } from '../support/scratch.js';

const directory = scratch();

/** The message of a failed load, without the directory. */
async function complaint(name: string, overrides = {}): Promise<string> {
  try {
    await loadSettings(join(directory.path, name), overrides);
  } catch (error) {
    expect(error).to.be.instanceOf(UserError);
    if (error instanceof UserError) return error.message.replaceAll(`${directory.path}/`, '');
  }
  throw new Error('it was loaded');
}

const expectedDuration = 'expected a duration such as 500 or "20s", got';
const expectedAddress =
  'expected a port, "host:port", "[::1]:port", "/path.sock" or "unix:path.sock", got';

/** Properties beside a valid `app`, and the expected lines. */
const rows: [string, ...string[]][] = [
  ['worker: 2', 'worker: unknown key (did you mean "workers"?)'],
  ['database: 2', 'database: unknown key'],
  ['refork: { drainTimout: 1 }', 'refork.drainTimout: unknown key (did you mean "drainTimeout"?)'],
  ['refork: { drainTimeout: "soon" }', `refork.drainTimeout: ${expectedDuration} "soon"`],
  ['refork: 5', 'refork: expected an object, got 5'],
  ['refork: null', 'refork: expected an object, got null'],
  ['refork: { maxUnavailable: 0 }', 'refork.maxUnavailable: expected a positive integer, got 0'],
  ['spawnTimeout: -1', `spawnTimeout: ${expectedDuration} -1`],
  ['heartbeatTimeout: NaN', `heartbeatTimeout: ${expectedDuration} NaN`],
  ['heartbeatTimeout: 0', 'heartbeatTimeout: expected a duration above zero, got 0'],
  ['requestTimeout: 2999', 'requestTimeout: expected at least "3s", got 2999'],
  ['requestTimeout: true', `requestTimeout: ${expectedDuration} true`],
  ['cleanupTimeout: "1s"', 'cleanupTimeout: expected at least "2s", got "1s"'],
  ['timeoutSignal: "SIGTERM"', 'timeoutSignal: expected "SIGKILL" or "SIGABRT", got "SIGTERM"'],
  ['shutdownTimeout: Infinity', `shutdownTimeout: ${expectedDuration} Infinity`],
  [
    'keepAliveTimeout: 1e12',
    'keepAliveTimeout: expected a duration of at most 24 days, got 1000000000000',
  ],
  ['engine: "bun"', 'engine: expected "node" or "uws", got "bun"'],
  ['workers: "many"', 'workers: expected an integer from 0 to 1024 or "auto", got "many"'],
  ['listen: "bad"', `listen: ${expectedAddress} "bad"`],
  ['listen: [1, "bad"]', `listen[1]: ${expectedAddress} "bad"`],
  ['listen: []', 'listen: expected at least one address, got an empty list'],
  ['listen: { address: 1, mode: 0o600 }', 'listen.mode: does not apply to a TCP address'],
  ['listen: [{ address: "/a", queues: 1 }]', 'listen[0].queues: does not apply to a unix socket'],
  [
    'listen: [{ address: "/a", mode: 660 }]',
    'listen[0].mode: expected permission bits such as 0o660, got 660',
  ],
  ['listen: { backlog: 1 }', `listen.address: ${expectedAddress} undefined`],
  ['listen: [{ address: 1, queue: 1 }]', 'listen[0].queue: unknown key (did you mean "queues"?)'],
  [
    'listen: { address: 1, backlog: 0 }',
    'listen.backlog: expected an integer from 1 to 65535, got 0',
  ],
  ['listen: { address: 1, queues: 2 }', 'listen.queues: expected "per-worker" or 1, got 2'],
  ['listen: { address: 1, ipv6Only: 1 }', 'listen.ipv6Only: expected true or false, got 1'],
  ['listen: [8080, "0.0.0.0:8080"]', 'listen: 0.0.0.0:8080 is given twice'],
  [
    'reforkAfter: [1, false, 2]',
    'reforkAfter: expected false only at the end: nothing reforks after it',
  ],
  [
    'reforkAfter: [1, 0]',
    'reforkAfter: expected positive integers, and false at the end to stop, got 0',
  ],
  ['nodeOptions: "--x"', 'nodeOptions: expected a list, got "--x"'],
  ['nodeOptions: ["--x", 5]', 'nodeOptions[1]: expected an option of node, got 5'],
  ['metrics: true', 'metrics: expected an object, got true'],
  ['metrics: { lisen: 1 }', 'metrics.lisen: unknown key (did you mean "listen"?)'],
  [
    'metrics: { listen: "/a.sock" }',
    'metrics.listen: expected a port or "host:port", got "/a.sock"',
  ],
  [
    'metrics: { path: "metrics" }',
    'metrics.path: expected a path such as "/metrics", got "metrics"',
  ],
  [
    'log: { level: "loud" }',
    'log.level: expected "trace" or "debug" or "info" or "warn" or "error" or "fatal" or "silent", got "loud"',
  ],
  ['log: { format: 1 }', 'log.format: expected "auto" or "json" or "pretty", got 1'],
  ['control: 5', 'control: expected the path of a unix socket, got 5'],
  [
    'user: "nobody", remoteControl: { listen: 9293, token: "0123456789abcdef" }',
    'remoteControl.token: the app of `user` would know it, because this file is loaded in its ' +
      'processes too: use `tokenFile`, or remove it and set PITCHFORK_TOKEN',
  ],
  [
    'user: "nobody", setpgid: false',
    'setpgid: false would share the terminal of root with the app of `user`: remove one',
  ],
  [
    'remoteControl: { listen: 9293, token: "sesame" }',
    'remoteControl.token: expected a secret text of at least 16 characters, got 6',
  ],
  [
    'remoteControl: { listen: 9293, token: "0123456789abcdef", tokenFile: "t" }',
    'remoteControl: either `token` or `tokenFile`, not both',
  ],
  [
    'remoteControl: { listen: "/a.sock", token: "0123456789abcdef" }',
    'remoteControl.listen: expected a port or "host:port", got "/a.sock"',
  ],
  [
    'maxConsecutiveSpawnErrors: true',
    'maxConsecutiveSpawnErrors: expected a positive integer, got true',
  ],
  [
    'incompatibleModules: "allow"',
    'incompatibleModules: expected "refuse" or "warn" or "ignore", got "allow"',
  ],
  [
    'incompatibleModules: { expect: [] }',
    'incompatibleModules.expect: unknown key (did you mean "except"?)',
  ],
  [
    'incompatibleModules: { also: [{ name: "a", versions: "^2", breaks: "b", remedey: "c" }] }',
    'incompatibleModules.also[0].versions: expected a range such as "*", "2.x" or ">=1.2 <3 || 4.x", got "^2"',
    'incompatibleModules.also[0].remedy: expected what to do about it, got undefined',
    'incompatibleModules.also[0].remedey: unknown key (did you mean "remedy"?)',
  ],
  ['afterFork: 5', 'afterFork: expected a function or a list of functions, got 5'],
  [
    'afterFork: [() => {}, null]',
    'afterFork: expected a function or a list of functions, got null',
  ],
  ['app: undefined', 'app: required: the module whose default export is the application'],
  ['app: 5', 'app: expected the path of a module, got 5'],
  ['app: "."', `app: not a file: .`],
  [
    'workers: -1, engine: "x"',
    'engine: expected "node" or "uws", got "x"',
    'workers: expected an integer from 0 to 1024 or "auto", got -1',
  ],
];

describe('a configuration with a problem', () => {
  for (const [properties, ...lines] of rows)
    it(`{ ${properties} } is refused with "${lines.join('" and "')}"`, async () => {
      directory.write('app.mjs', '');
      directory.write('c.conf.ts', `export default { app: 'app.mjs', ${properties} };`);
      const message = (await complaint('c.conf.ts')).replace(directory.path, '.');
      expect(message.split('\n')).to.deep.equal(lines.map((line) => `c.conf.ts: ${line}`));
    });

  it('is refused with a missing app', async () => {
    directory.write('c.mjs', `export default { app: 'nowhere.js' };`);
    expect(await complaint('c.mjs')).to.equal('c.mjs: app: there is no such file: nowhere.js');
  });

  it('is refused with a port that no address can take', async () => {
    directory.write('app.mjs', '');
    directory.write('c.mjs', `export default { app: 'app.mjs', listen: '/a.sock' };`);
    expect(await complaint('c.mjs', { port: { number: 1, required: true } })).to.match(
      /^--port: there is no TCP address/,
    );
  });
});

describe('a configuration that cannot be loaded', () => {
  const texts: [string, string, RegExp][] = [
    ['none.ts', `export const app = 'a';`, /^none.ts: has no default export: export default/],
    ['text.ts', `export default 'a';`, /^text.ts: the default export must be an object, got "a":/],
    [
      'list.mjs',
      `export default [];`,
      /^list.mjs: the default export must be an object, got a list/,
    ],
    [
      'throws.ts',
      `\nthrow new TypeError('boom');`,
      /^throws.ts: cannot be loaded: TypeError: boom\n {4}at throws.ts:2:/,
    ],
    [
      'throws.mjs',
      `throw new Error('boom\\nbang');`,
      /^throws.mjs: cannot be loaded: Error: boom bang\n {4}at /,
    ],
    [
      'rejects.mjs',
      `export default Promise.reject('no');`,
      /^rejects.mjs: cannot be loaded: it threw "no"$/,
    ],
    [
      'syntax.ts',
      `\nconst x: = 5;`,
      /^syntax.ts: cannot be loaded: ParseError: Unexpected token\n {4}at syntax.ts:2:/,
    ],
    [
      'syntax.mjs',
      `export default {`,
      /^syntax.mjs: cannot be loaded: SyntaxError: .*\(node --check syntax.mjs shows where\)$/,
    ],
    [
      'lacks.ts',
      `import './nowhere.js';`,
      /^lacks.ts: cannot be loaded: Error: Cannot find module '.\/nowhere.js'/,
    ],
    [
      'lacks.mjs',
      `import 'nowhere-to-be-found';`,
      /^lacks.mjs: cannot be loaded: Error: Cannot find package/,
    ],
    [
      'data.json',
      `{}`,
      /^cannot load data.json: expected a .ts, .mts, .cts, .js, .mjs or .cjs module/,
    ],
  ];
  for (const [name, text, message] of texts)
    it(`is reported as ${String(message)}`, async () => {
      directory.write(name, text);
      expect(await complaint(name)).to.match(message);
    });

  it('is reported as missing, or not a file', async () => {
    mkdirSync(join(directory.path, 'd.ts'));
    expect(await complaint('d.ts')).to.equal('cannot read d.ts: it is not a file');
    expect(await complaint('e.ts')).to.equal('cannot read e.ts: there is no such file');
  });
});
