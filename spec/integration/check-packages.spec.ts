// Goal: `pitchfork-ts check` is right about popular packages: those that it calls safe work in
// forks, and those that it refuses mostly do not. Method: the real command, for each package on a
// small app that uses it when it is loaded and again for each request, and answers 500 if that
// fails. Refused packages are then forked against the advice.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { resultOf, verdictsOf } from '../support/checked.js';
import { refused } from '../support/refused-packages.js';
import { safe, type PackageUse } from '../support/safe-packages.js';
import type { Backend } from '../support/servers/backend.js';
import { startPostgres } from '../support/servers/postgres.js';
import { startRedis } from '../support/servers/redis.js';

type Result = Awaited<ReturnType<typeof resultOf>>;

/** For uses that work, and take milliseconds on an idle machine. */
const patientMs = 20_000;
/** For uses that hang; they worked when the app was loaded. */
const brokenMs = 2_000;

const appOf = ({ code, use }: PackageUse, limitMs: number): string => `
  import assert from 'node:assert';
  import { randomUUID } from 'node:crypto';
  import { writeFileSync as write } from 'node:fs';
  import { setTimeout as delay } from 'node:timers/promises';
  const fresh = (value) => {
    write('drawn-' + encodeURIComponent(value), '', { flag: 'wx' });
    return true;
  };
  ${code}
  const use = async (token) => {
    ${use}
  };
  await use(randomUUID());
  const late = async () => {
    await delay(${limitMs}, undefined, { ref: false });
    throw new Error('no end within ${limitMs} ms');
  };
  export default async (request, response) => {
    try {
      await Promise.race([use(randomUUID()), late()]);
    } catch (error) {
      console.error(error);
      response.statusCode = 500;
    }
    response.end();
  };`;

describe('pitchfork-ts check of packages', function () {
  this.timeout(240_000);
  const env: Record<string, string> = {};
  const backends: Backend[] = [];
  let origin: Server;
  /** Two for those that work, since a check also waits, and one for those that mostly hang. */
  const lanes: Record<'even' | 'odd' | 'hanging', Promise<unknown>> = {
    even: Promise.resolve(),
    odd: Promise.resolve(),
    hanging: Promise.resolve(),
  };
  const results = new Map<string, Promise<Result>>();

  /** Starts when the previous one in its lane has ended. */
  function enqueue(lane: keyof typeof lanes, name: string, app: string, config = ''): void {
    const result = lanes[lane].then(() => resultOf({ app, env, config, args: ['--request', '/'] }));
    lanes[lane] = result.catch(() => undefined);
    results.set(name, result);
  }

  async function resultFor(name: string): Promise<Result> {
    const result = await results.get(name);
    if (!result) throw new Error(`${name} was not checked`);
    return result;
  }

  const forked = ({ name }: PackageUse): string => `${name}, forked all the same`;

  before(async () => {
    backends.push(...(await Promise.all([startRedis(), startPostgres()])));
    origin = createServer((_request, response) => response.end('origin'));
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const { port } = origin.address() as AddressInfo;
    const own = { ORIGIN: `http://127.0.0.1:${port}/` };
    Object.assign(env, own, ...backends.map((backend) => backend.env));
    for (const [index, use] of [...safe, ...refused].entries())
      enqueue(index % 2 === 0 ? 'even' : 'odd', use.name, appOf(use, patientMs));
    const config = `incompatibleModules: 'warn', shutdownTimeout: '200ms',`;
    for (const use of refused)
      if (use.breaks) enqueue('hanging', forked(use), appOf(use, brokenMs), config);
  });

  after(async () => {
    await Promise.all(Object.values(lanes));
    origin.closeAllConnections();
    origin.close();
    await Promise.all(backends.map((backend) => backend.stop()));
  });

  for (const use of safe)
    it(`finds ${use.name} safe, and it works in forks`, async () => {
      const result = await resultFor(use.name);
      const { failure, trials, code, stderr } = result;
      expect(failure, stderr).to.equal(null);
      expect(verdictsOf(result)).to.deep.equal([]);
      expect(trials.filter(({ name, ok }) => name.endsWith('GET /') && ok)).to.have.length(3);
      expect(code).to.equal(0);
    });

  for (const use of refused)
    it(`refuses ${use.name}`, async () => {
      const result = await resultFor(use.name);
      const verdicts = new Set(verdictsOf(result));
      expect([...verdicts], result.stderr).to.deep.equal([`refuse: ${use.subject}`]);
      expect(result.forkMs).to.equal(null);
      expect(result.code).to.equal(1);
    });

  for (const use of refused.filter(({ breaks }) => breaks))
    it(`is right: ${use.name} fails in a fork`, async () => {
      const { failure, findings, forkMs, code } = await resultFor(forked(use));
      expect(findings.map(({ subject }) => subject)).to.include(use.subject);
      expect(forkMs).to.be.greaterThan(0);
      expect(failure).to.match(/^GET \/: (?:500|no answer)/);
      expect(code).to.equal(1);
    });
});
