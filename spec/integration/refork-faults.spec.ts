// Goal: a refork that fails at any of its steps costs nothing: the old generation continues to
// serve, log and stats give the reason, and the next candidate is tried. Method: a table of steps
// at which the first attempt is made to fail, under load; here those of the candidate. The new
// mold's and its canary's are in refork-mold-faults.spec.ts, hangs in refork-hangs.spec.ts.
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { failures, startLoad } from '../support/load.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { expectSurvived, startWithFault, type ReforkFault } from '../support/refork-fault.js';
import { Server, type LogLine } from '../support/server.js';
import { until } from '../support/until.js';

const killed = /SIGKILL/;

const faults: readonly ReforkFault[] = [
  {
    what: 'a candidate that fails before it drains',
    failpoint: 'promote.ordered@1=throw',
    reason: /^the candidate: promotion: Error: failpoint promote\.ordered/,
  },
  {
    what: 'a candidate that is killed before it drains',
    failpoint: 'promote.ordered@1=kill',
    reason: killed,
    takesClientsAlong: true,
  },
  {
    what: 'a candidate that fails while it drains',
    failpoint: 'promote.draining@1=throw',
    reason: /^the candidate: promotion: Error: failpoint promote\.draining/,
  },
  {
    what: 'a candidate that exits while it drains',
    failpoint: 'promote.draining@1=exit',
    reason: /exit code 1/,
    takesClientsAlong: true,
  },
  {
    what: 'a candidate that fails when it has drained',
    failpoint: 'promote.drained@1=throw',
    reason: /^the candidate: promotion: Error: failpoint promote\.drained/,
  },
  {
    what: 'a candidate that is killed when it has drained',
    failpoint: 'promote.drained@1=kill',
    reason: killed,
  },
];

describe('a refork', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const fault of faults)
    it(`survives ${fault.what} (M3)`, async () => {
      server = await startWithFault(fault);
      await expectSurvived(server, fault);
    });

  it('gives up after three candidates, answers waiting callers, and succeeds the next time', async () => {
    const generations = [1, 2, 3];
    server = await Server.start({
      app: { text: `export default (request, response) => response.end('ok');` },
      workers: 3,
      config: `refork: { drainTimeout: '3s', backoff: '200ms', canary: '100ms' },`,
      env: {
        PITCHFORK_FAILPOINT: generations.map((each) => `mold.hook@${each}=throw`).join(),
      },
    });
    const load = startLoad({ port: server.port, conns: 2, seconds: 50 });
    await load.started;
    const control = ['--control', server.control];
    const refused = await runCommand(['refork', '--wait', ...control]);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/^pitchfork-ts: .*failpoint mold\.hook/);

    const candidates = server.log('refork begins');
    expect(candidates.map(({ next }) => next)).to.deep.equal(generations);
    expect(new Set(candidates.map(({ pid }) => pid)).size, 'different candidates').to.equal(3);
    const failed = server.log('refork failed');
    expect(failed.map(({ generation }) => generation)).to.deep.equal(generations);
    const at = (line: LogLine | undefined): number => Date.parse(String(line?.['time']));
    for (const [index, begun] of candidates.slice(1).entries())
      expect(at(begun) - at(failed[index]), 'back-off').to.be.at.least(195);
    const { refork, generation, mold } = await server.stats();
    expect(refork).to.include({ state: 'idle' });
    expect(refork.lastError).to.match(/failpoint mold\.hook/);
    expect([generation, mold?.generation]).to.deep.equal([0, 0]);

    const accepted = await runCommand(['refork', '--wait', ...control]);
    expect(accepted, accepted.stderr).to.include({ code: 0 });
    const result = await load.stop();
    expect(failures(result), JSON.stringify(result.samples)).to.equal(0);
    const stats = await expectPostConditions(server, { workers: 3 });
    expect(stats.generation).to.equal(4);
    expect(stats.refork.lastError).to.equal(null);
    await server.stop();
  });

  it('that overruns its drain answers the long request whole, and takes the next candidate (D6)', async () => {
    server = await Server.start({
      app: {
        text: `export default (request, response) => {
          if (request.url !== '/long') return response.end('short');
          response.write('begun,');
          setTimeout(() => response.end('ended'), 2_000);
        };`,
      },
      workers: 1,
      config: `refork: { drainTimeout: '300ms', backoff: '200ms', canary: '100ms' },`,
    });
    const long = server.get('/long');
    await until('the request to be in flight', async () =>
      (await server.stats()).workers.some(({ inFlight }) => inFlight === 1),
    );
    const { body } = await server.refork();
    expect(body).to.include({ ok: true, generation: 2 });
    expect(await long).to.equal('begun,ended');
    const failed = server.log('refork failed');
    expect(failed).to.have.lengthOf(1);
    expect(failed[0]?.reason).to.match(
      /^the candidate: drain: 1 request did not end within 300 ms \(GET \/long, \d\.\d s\): end long/,
    );
    await expectPostConditions(server, { workers: 1 });
    await server.stop();
  });
});
