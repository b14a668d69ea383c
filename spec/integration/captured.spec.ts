// Goal: values that libraries captured from the booting process are each worker's own: the pid in
// log lines, the identity of a service's instance, counts of metrics. Method: one app with all of
// it from its boot on; its workers before and after a refork.
import { expect } from 'chai';
import { fromEachWorker } from '../support/each-worker.js';
import { supportedNodes } from '../support/nodes.js';
import { fixtureApp, Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = fixtureApp('captured.mjs');

type Attributes = Record<string, unknown>;

describe('values that libraries captured at boot', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** Answers of the workers of the first generation, and of the second. */
  async function overTwoGenerations<Answer>(
    path: string,
    check: (answers: Map<number, Answer>) => void,
  ): Promise<void> {
    check(await fromEachWorker<Answer>(server, path));
    expect((await server.refork()).body).to.include({ ok: true });
    await server.settled(1);
    check(await fromEachWorker<Answer>(server, path));
  }

  for (const { version, execPath } of supportedNodes())
    it(`pino logs each worker’s own pid, under Node ${version}`, async () => {
      server = await Server.start({ app, workers: 2, node: execPath });
      await overTwoGenerations<{ pid: number; msg: string }[]>('/logged', (answers) => {
        for (const [pid, lines] of answers)
          expect(lines).to.deep.equal([
            { pid, msg: 'root' },
            { pid, msg: 'child' },
            { pid, msg: 'grandchild' },
            { pid, msg: 'made later' },
            { pid: null, msg: 'without' },
          ]);
      });
      await server.stop();
    });

  it('OpenTelemetry’s resources name each worker, and keep what was chosen', async () => {
    server = await Server.start({ app, workers: 3 });
    const ids = new Set<unknown>();
    await overTwoGenerations<Attributes[]>('/resources', (answers) => {
      for (const [pid, [resource, merged, chosen]] of answers) {
        const id = resource?.['service.instance.id'];
        expect(id).to.match(/^[0-9a-f-]{36}$/);
        ids.add(id);
        const expected = { 'process.pid': pid, 'service.instance.id': id };
        expect(resource).to.deep.equal({ ...expected, 'service.name': 'captured' });
        expect(merged).to.deep.equal({ ...resource, merged: true });
        expect(chosen).to.deep.equal({ 'service.instance.id': 'pod-7' });
      }
    });
    expect(ids.size).to.equal(6);
    await server.stop();
  });

  it('prom-client counts from zero in registries of the app’s own too, and can be scraped', async () => {
    server = await Server.start({ app, workers: 2 });
    for (const { text } of (await fromEachWorker<{ text: string }>(server, '/own')).values())
      expect(text)
        .to.match(/^own_total 0$/m)
        .and.match(/^own_gauge 7$/m);
    await fromEachWorker(server, '/count');
    const expectSum = (sum: number): Promise<unknown> =>
      until(`the sum ${sum} of all workers`, async () => {
        const text = await server.metrics();
        expect(text).to.match(new RegExp(`^own_total ${sum}$`, 'm'));
        expect(text).to.match(new RegExp(`^shared_total ${sum}$`, 'm'));
        return true;
      });
    await expectSum(2);
    expect((await server.refork()).body).to.include({ ok: true });
    await fromEachWorker(server, '/count');
    await expectSum(4);
    await server.stop();
  });
});
