// Goal: `worker.exit()` lets a worker exit after all its answers, and another takes its slot, even
// in the middle of reforks or after an uncaught error. Method: workers that exit after some
// requests, under load; an app that listens to `uncaughtException`.
import { expect } from 'chai';
import { failures, startLoad } from '../support/load.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const index = new URL('../../lib/index.js', import.meta.url);

describe('worker.exit()', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('costs no request and no slot, in the middle of reforks either', async () => {
    server = await Server.start({
      app: {
        text: `export default (request, response) =>
          response.end(JSON.stringify({ pid: process.pid }));`,
      },
      workers: 2,
      prelude: `import { worker } from ${JSON.stringify(index)};`,
      config: `beforeWorkerExit() {}, afterRequestComplete({ requests }) {
        if (requests === 500) worker.exit();
      },`,
    });
    const load = startLoad({ port: server.port, conns: 4, seconds: 60, mode: 'keepalive' });
    await load.started;
    for (let refork = 0; refork < 3; refork++) await server.refork();
    await until('ten workers to have left', () => server.log('exited').length >= 10, 30_000);
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
    expect(server.log('ended unexpectedly')).to.deep.equal([]);
    await expectPostConditions(server, { workers: 2 });
    await server.stop();
  });

  it('is a failed start when the worker has not served yet', async () => {
    server = await Server.start({
      app: { text: `export default (request, response) => response.end();` },
      workers: 1,
      prelude: `import { worker } from ${JSON.stringify(index)};`,
      config: `maxConsecutiveSpawnErrors: 2, afterWorkerFork() {
        worker.exit();
        return new Promise(() => {});
      },`,
      eager: true,
    });
    expect((await withDeadline(server.exit, 20_000, 'the server to give up')).code).to.equal(1);
    expect(server.text()).to.include('called worker.exit() before the worker served');
    await server.expectNothingLeft();
  });

  it('lets an app end a worker after an error in a timer, and answer all others (F2, F3)', async () => {
    server = await Server.start({
      app: {
        text: `import { worker } from ${JSON.stringify(index)};
          process.on('uncaughtException', () => worker.exit());
          export default (request, response) => {
            if (request.url === '/timer') setTimeout(() => { throw new Error('in a timer'); });
            if (request.url === '/reject') void Promise.reject(new Error('unheard'));
            setTimeout(() => response.end(String(process.pid)), 300);
          };`,
      },
      workers: 1,
    });
    for (const path of ['/timer', '/reject']) {
      const others = Array.from({ length: 15 }, () => server.get());
      const pid = await server.get(path);
      expect(await Promise.all(others)).to.deep.equal(Array<string>(15).fill(pid));
      await server.logged('exited', { pid: Number(pid) });
      await server.settled();
    }
    await server.stop();
  });
});
