// Goal: a phased restart brings new code from disk into every slot without a lost request, and code
// that cannot take over changes nothing but the answer. Method: an app whose file is rewritten
// while it serves under load; each worker names the version that it runs.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { baseline, expectPostConditions, metricValue } from '../support/post-conditions.js';
import { fromEachWorker } from '../support/each-worker.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const index = new URL('../../lib/index.js', import.meta.url);

const code = (name: string, boot = ''): string => `
import { worker } from ${JSON.stringify(index)};
console.log('app evaluated');
${boot}
export default (request, response) =>
  response.end(JSON.stringify({ pid: process.pid, code: ${JSON.stringify(name)}, title: process.title }));
`;

interface Answer {
  readonly pid: number;
  readonly code: string;
  readonly title: string;
}

describe('a phased restart', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const start = (text: string, config = ''): Promise<Server> =>
    Server.start({ app: { text }, workers: 3, config });

  const write = (text: string): void => writeFileSync(join(server.directory, 'app.mjs'), text);

  const restart = async (): Promise<unknown> =>
    (await server.ask('POST', '/phased-restart?wait=1')).body;

  const expectCode = async (name: string): Promise<void> => {
    const answers = [...(await fromEachWorker<Answer>(server, '/')).values()];
    expect(answers.map((answer) => answer.code)).to.deep.equal([name, name, name]);
  };

  for (const mode of ['close', 'keepalive'] as const)
    it(`rolls all slots over to new code, three times under load (${mode}) (D5, G2)`, async () => {
      server = await start(code('v0'));
      const before = await baseline(server);
      const load = startLoad({ port: server.port, mode, conns: 8, seconds: 60 });
      await load.started;
      for (const phase of [1, 2, 3]) {
        write(code(`v${phase}`));
        expect(await restart()).to.include({ ok: true, phase, generation: 0 });
        const stats = await server.settled();
        expect(stats.workers.map((worker) => worker.phase)).to.deep.equal([phase, phase, phase]);
        expect(stats).to.include({ phase, generation: 0 });
        await expectCode(`v${phase}`);
      }
      const result = await load.stop();
      expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
      await expectPostConditions(server, { workers: 3, baseline: before });
      const metrics = await server.metrics();
      expect(metricValue(metrics, 'pitchfork_phase')).to.equal(3);
      const done = { result: 'success' };
      expect(metricValue(metrics, 'pitchfork_phased_restarts_total', done)).to.equal(3);
      await server.stop();
    });

  it('is requested by SIGUSR1, and the next refork counts generations of the new code', async () => {
    server = await start(code('old'));
    expect((await server.refork()).body).to.deep.include({ ok: true, generation: 1 });
    write(code('new'));
    server.signal('SIGUSR1');
    await server.logged('phased restart complete', { phase: 1, generation: 0 });
    await expectCode('new');
    expect((await server.refork()).body).to.deep.include({ ok: true, generation: 1 });
    await expectCode('new');
    await server.stop();
  });

  it('resolves a symbolic link again', async () => {
    const releases = mkdtempSync(join(tmpdir(), 'pitchfork-releases-'));
    const current = join(releases, 'current');
    for (const release of ['1', '2']) {
      mkdirSync(join(releases, release));
      writeFileSync(join(releases, release, 'app.mjs'), code(release));
    }
    symlinkSync('1', current);
    try {
      server = await Server.start({ app: join(current, 'app.mjs'), workers: 3 });
      await expectCode('1');
      rmSync(current);
      symlinkSync('2', current);
      rmSync(join(releases, '1'), { recursive: true });
      expect(await restart()).to.include({ ok: true, phase: 1 });
      await expectCode('2');
      await server.stop();
    } finally {
      rmSync(releases, { recursive: true });
    }
  });

  const broken = {
    'throws when it is loaded': code('new', `throw new Error('no database');`),
    'never ends loading': code('new', `await new Promise((resolve) => setTimeout(resolve, 1e9));`),
    'dies in its canary': code(
      'new',
      `const mold = process.pid; setInterval(() => process.pid !== mold && process.exit(3), 20);`,
    ),
  };
  for (const [what, text] of Object.entries(broken))
    it(`leaves the old code serving when the new ${what} (S4)`, async () => {
      server = await start(code('old'), `spawnTimeout: '6s',`);
      const before = await server.stats();
      write(text);
      const answer = await restart();
      expect(answer).to.have.property('ok', false);
      const stats = await server.settled();
      expect(stats.workers.map(({ pid }) => pid)).to.deep.equal(
        before.workers.map(({ pid }) => pid),
      );
      expect(stats.mold).to.deep.equal(before.mold);
      expect(stats.refork.lastError).to.be.a('string');
      await expectCode('old');
      await expectPostConditions(server, { workers: 3 });
      write(code('mended'));
      expect(await restart()).to.include({ ok: true, phase: 1 });
      await expectCode('mended');
      await server.stop();
    });

  it('is coalesced with others, and a refork comes after it (S3)', async () => {
    server = await start(code('old'));
    write(code('new'));
    const asked = [
      server.ask('POST', '/refork?wait=1'),
      server.ask('POST', '/phased-restart?wait=1'),
      server.ask('POST', '/phased-restart?wait=1'),
      server.ask('POST', '/refork?wait=1'),
    ];
    for (const { body } of await Promise.all(asked)) expect(body).to.have.property('ok', true);
    await server.settled();
    await expectCode('new');
    const evaluations = server.text().split('app evaluated').length - 1;
    expect(evaluations).to.be.within(2, 3);
    await expectPostConditions(server, { workers: 3 });
    await server.stop();
  });

  it('survives the death of the mold, the old one and the new one', async () => {
    server = await start(code('old'));
    const { mold } = await server.stats();
    write(code('new'));
    const answer = restart();
    await server.logged('phased restart begins');
    process.kill(mold?.pid ?? 0, 'SIGKILL');
    expect(await answer).to.include({ ok: true, phase: 1 });
    await server.settled();
    await expectCode('new');
    write(code('newer'));
    const second = restart();
    const next = await until('the next mold', () =>
      server.log('mold ready').find((line) => line['phase'] === 2),
    );
    process.kill(next.pid ?? 0, 'SIGKILL');
    expect(await second).to.have.property('ok');
    await server.settled();
    expect(
      new Set([...(await fromEachWorker<Answer>(server, '/')).values()].map((a) => a.code)).size,
    ).to.equal(1);
    await expectPostConditions(server, { workers: 3 });
    await server.stop();
  });

  it('goes to code that cannot be forked, and back to code that can', async () => {
    server = await start(code('old'));
    write(code('unforkable', `worker.noLongerForkSafe('it says so');`));
    expect(await restart()).to.include({ ok: true, phase: 1 });
    await expectCode('unforkable');
    const stats = await server.settled();
    expect(stats.mold).to.equal(null);
    expect(stats.refork.unforkable).to.include('it says so');
    write(code('new'));
    expect(await restart()).to.include({ ok: true, phase: 2 });
    await expectCode('new');
    expect((await server.settled()).refork.unforkable).to.equal(null);
    await expectPostConditions(server, { workers: 3 });
    await server.stop();
  });
});
