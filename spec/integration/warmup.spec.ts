// Goal: the effects of the hook `warmup` on the app are present in the first workers, with nothing
// else of it left; one that fails ends the boot, or the phased restart. Method: an app that
// remembers its requests and reports whether V8 has optimised its code; the processes' descriptors
// from /proc.
import { readdirSync, readlinkSync } from 'node:fs';
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { hasUws } from '../support/engines.js';
import { fixtureApp, Server } from '../support/server.js';

interface Answer {
  readonly pid: number;
  readonly cached: Record<string, number>;
  readonly optimized: boolean;
}

/** Bits of %GetOptimizationStatus: optimised by any compiler. */
const app = `
const cache = new Map();
const render = (n) => { let sum = 0; for (let i = 0; i < n; i++) sum = (sum + i * i) % 1009; return sum; };
const answer = (path) => {
  if (path === '/broken') throw new Error('no page');
  if (path.startsWith('/page/')) {
    for (let call = 0; call < 500; call++) render(200);
    cache.set(path, { pid: process.pid });
  }
  return JSON.stringify({
    pid: process.pid,
    cached: Object.fromEntries([...cache].map(([key, { pid }]) => [key, pid])),
    optimized: (%GetOptimizationStatus(render) & 0b1110000) !== 0,
  });
};
`;
const listener = `${app}
export default (request, response) => response.end(answer(request.url));`;
const fetchHandler = `${app}
export default { fetch: (request) => new Response(answer(new URL(request.url).pathname)) };`;

const warmup = `async warmup({ request }) {
  for (let n = 0; n < 30; n++) await request('/page/' + n % 2);
  void request({ path: '/page/unawaited', method: 'POST', headers: { 'x-a': 'b' }, body: 'body' });
  const { status } = await request('/broken');
  if (status !== 500) throw new Error('expected 500, got ' + status);
},`;

const sockets = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  });

describe('the hook warmup', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const engines = [
    { engine: 'node', text: listener },
    ...(hasUws ? [{ engine: 'uws', text: fetchHandler }] : []),
  ];

  for (const { engine, text } of engines)
    it(`leaves caches and compiled code in the first workers, and nothing else (${engine})`, async () => {
      const start = (hook: string): Promise<Server> =>
        Server.start({
          app: { text },
          config: `engine: '${engine}', nodeOptions: ['--allow-natives-syntax'], ${hook}`,
          prelude: `import 'node:http';`,
        });
      const cold = await start('');
      server = cold;
      const coldMold = (await cold.stats()).mold?.pid ?? 0;
      const without = sockets(coldMold).length;
      await cold.stop();

      server = await start(warmup);
      const mold = (await server.stats()).mold?.pid ?? 0;
      expect(sockets(mold), 'sockets of the mold').to.have.length(without);
      const answers = await fromEachWorker<Answer>(server, '/');
      expect(answers.size).to.equal(2);
      for (const { cached, optimized } of answers.values()) {
        expect(cached).to.deep.equal({ '/page/0': mold, '/page/1': mold, '/page/unawaited': mold });
        expect(optimized).to.equal(true);
      }
      await server.refork();
      await server.stop();
    });

  it('counts in no metrics', async () => {
    server = await Server.start({
      app: fixtureApp('prom-client.mjs'),
      config: `async warmup({ request }) { for (let n = 0; n < 5; n++) await request('/order'); },`,
    });
    const metrics = await server.metrics();
    const total = (name: string): string[] =>
      metrics.split('\n').filter((line) => line.startsWith(name) && !/ 0$/.test(line));
    expect(metrics).to.include('pitchfork_requests_total');
    expect(total('pitchfork_requests_total')).to.deep.equal([]);
    expect(total('app_order')).to.deep.equal([]);
    await server.stop();
  });

  it('ends the boot when it throws', async () => {
    server = await Server.start({
      app: { text: `export default (request, response) => response.end();` },
      config: `async warmup() { throw new Error('not warm'); },`,
      eager: true,
    });
    expect((await server.exit).code).to.equal(1);
    expect(server.log('giving up')[0]?.reason).to.match(
      /warmup: \S+\.mjs:\d+:\d+: Error: not warm/,
    );
    await server.expectNothingLeft();
  });

  it('is bounded by spawnTimeout', async () => {
    server = await Server.start({
      app: { text: `export default () => undefined;` },
      config: `spawnTimeout: '3s', async warmup({ request }) { await request('/'); },`,
      eager: true,
    });
    expect((await server.exit).code).to.equal(1);
    expect(server.log('giving up')[0]?.reason).to.match(/not ready within 3000 ms/);
    await server.expectNothingLeft();
  });

  it('leaves the old code in place when it throws in a phased restart', async () => {
    server = await Server.start({
      app: { text: `export default (request, response) => response.end('ok');` },
      prelude: `import { existsSync, writeFileSync } from 'node:fs';
        const mark = new URL('./warmed', import.meta.url);`,
      config: `warmup() {
        if (existsSync(mark)) throw new Error('not warm');
        writeFileSync(mark, '');
      },`,
    });
    const { body } = await server.ask('POST', '/phased-restart?wait=1');
    expect(body).to.have.property('ok', false);
    expect(JSON.stringify(body)).to.match(/warmup: [^ ]+: Error: not warm/);
    expect(await server.get()).to.equal('ok');
    expect(await server.settled()).to.include({ phase: 0 });
    await server.stop();
  });
});
