// Goal: a worker that freezes stays manageable: it notices between two steps that it is no longer
// wanted, and shows its progress while a large heap takes time. Method: the hook afterMoldFork
// keeps a candidate busy while it is sent a signal or the server stops; an app of 300 MiB.
import { expect } from 'chai';
import { Server } from '../support/server.js';

const busyMs = 2_000;

/** Blocks the candidate, but not the first mold, once it is known to the spec. */
const config = `shutdownTimeout: '20s', afterMoldFork({ generation }) {
  if (generation === 0) return;
  console.log('busy ' + process.pid);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${busyMs});
},`;

const app = { text: `export default (request, response) => response.end(String(process.pid));` };
const large = {
  text: `globalThis.ballast = Array.from({ length: 10 }, () => new Array(4_000_000).fill(1.5));
export default (request, response) => response.end(String(ballast.length));`,
};

describe('a process that freezes', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const busyCandidate = async (): Promise<number> => {
    server = await Server.start({ app, workers: 2, config });
    server.signal('SIGURG');
    const { pid } = await server.logged('drained, becoming a mold');
    return Number(pid);
  };

  it('gives up when the server stops', async () => {
    const pid = await busyCandidate();
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
    expect(server.log('exited').some((line) => line.pid === pid)).to.equal(true);
    expect(server.log('mold ready').map(({ generation }) => generation)).to.deep.equal([0]);
  });

  it('exits on TERM between two steps, which fails the attempt', async () => {
    const pid = await busyCandidate();
    process.kill(pid, 'SIGTERM');
    await server.logged('ended unexpectedly', { pid, code: 0 });
    await server.logged('refork failed');
    expect(server.log('mold ready').some((line) => line.pid === pid)).to.equal(false);
    await server.stop();
  });

  it('names each long step of a large heap in the log', async () => {
    server = await Server.start({ app: large, workers: 1 });
    const steps = server
      .log()
      .map(({ msg }) => /^freezing: (\w+) (\d+) MiB of heap$/.exec(msg))
      .filter((match) => match !== null);
    expect(steps.map(([, step]) => step)).to.deep.equal(['searching', 'compacting']);
    for (const [, , size] of steps) expect(Number(size)).to.be.within(300, 400);
    await server.stop();
  });
});
