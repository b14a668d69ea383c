// Goal: the monitor's hooks run at their moments, and cannot keep it from exiting. Method: hooks
// that write a line of JSON, or never resolve; a phased restart and a stop.
import { expect } from 'chai';
import { calls, recorder } from '../support/hook-calls.js';
import { Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const app = { text: `export default (request, response) => response.end('ok');` };

describe('the hooks beforeRestart and afterStopped', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('run in the monitor: when a phased restart begins, and when all children have exited', async () => {
    const config = `
      beforeRestart: record('beforeRestart'),
      afterWorkerExit: record('afterWorkerExit'),
      afterStopped: [async () => { await pause(300); }, record('afterStopped')],
    `;
    server = await Server.start({ app, workers: 2, prelude: recorder, config });
    expect(calls(server)).to.deep.equal([]);
    expect((await server.ask('POST', '/phased-restart?wait=1')).body).to.include({ ok: true });
    expect(calls(server, 'beforeRestart')).to.deep.equal([
      { name: 'beforeRestart', pid: server.pid, args: [{ kind: 'phased' }] },
    ]);
    await server.settled();
    await until('the first mold and its workers to be gone', () => calls(server).length === 4);
    server.signal('SIGTERM');
    expect((await withDeadline(server.exit, 15_000, 'the server to end')).code).to.equal(0);
    await server.expectNothingLeft();
    const ending = calls(server).slice(4);
    expect(ending.map(({ name }) => name)).to.deep.equal([
      ...Array<string>(3).fill('afterWorkerExit'),
      'afterStopped',
    ]);
    expect(ending.at(-1)).to.include({ pid: server.pid });
  });

  for (const [what, hook] of [
    ['throws', "() => { throw new Error('oh'); }"],
    ['never ends', '() => new Promise(() => {})'],
  ])
    it(`end in good order when one ${what}`, async () => {
      const config = `shutdownTimeout: '1s', beforeRestart: ${hook}, afterStopped: ${hook},`;
      server = await Server.start({ app, workers: 2, config });
      expect((await server.ask('POST', '/phased-restart?wait=1')).body).to.include({ ok: true });
      await server.settled();
      server.signal('SIGTERM');
      const exit = await withDeadline(server.exit, 15_000, 'the server to end');
      expect(exit).to.deep.equal({ code: 0, signal: null });
      const text = what === 'throws' ? 'hook failed' : 'hook did not end in time';
      const failed = server.log(text).map((line) => line['hook']);
      expect(failed).to.deep.equal(
        what === 'throws' ? ['beforeRestart', 'afterStopped'] : ['afterStopped'],
      );
      await server.expectNothingLeft();
    });
});
