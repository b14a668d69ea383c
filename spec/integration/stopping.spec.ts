// Goal: a graceful stop finishes the requests in flight, accepts nothing new and exits with 0; an
// immediate stop does not wait. Method: signals and commands during requests, on idle connections,
// during the boot, and one after the other.
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { timeOf } from '../support/log-time.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server, canConnect, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
import { writeFileSync } from 'node:fs';
export default (request, response) => {
  const [path, query] = request.url.split('?');
  if (path === '/slow') {
    writeFileSync(new URL('arrived', import.meta.url), '');
    response.write('begun ');
    setTimeout(() => response.end('x'.repeat(1_000_000) + ' done'), Number(query));
  } else response.end('ok');
};
`,
};

describe('stopping', () => {
  let server: Server;
  const open: RawConnection[] = [];
  afterEach(() => {
    for (const connection of open.splice(0)) connection.close();
    return server.destroy();
  });

  const connected = async (): Promise<RawConnection> => {
    const connection = await RawConnection.open(server.port);
    open.push(connection);
    return connection;
  };

  /** A request in flight. */
  const inFlight = async (ms: number): Promise<RawConnection> => {
    const connection = await connected();
    connection.send(`/slow?${ms}`);
    await until('the answer to begin', () => connection.answering);
    return connection;
  };

  const expectExit = async (code: number, withinMs: number): Promise<void> => {
    const exit = await withDeadline(server.exit, withinMs, 'the server to end');
    expect(exit).to.deep.equal({ code, signal: null });
    await server.expectNothingLeft();
  };

  /** From the order to the end, by the log, so that load on this machine does not count. */
  const stopTook = (order: 'stopping' | 'stopping at once'): number =>
    timeOf(server.log('monitor stopped')[0]) - timeOf(server.log(order)[0]);

  for (const signal of ['SIGTERM', 'SIGQUIT'] as const)
    it(`answers requests in flight whole, and refuses new ones, on ${signal} (D6, D10)`, async () => {
      server = await Server.start({ app, workers: 2 });
      const slow = [await inFlight(2_000), await inFlight(2_000)];
      server.signal(signal);
      await server.logged('draining');
      for (const connection of slow) {
        const answer = await connection.answer();
        expect(answer.status).to.equal(200);
        expect(answer.body).to.match(/^begun x{1000000} done$/);
      }
      await expectExit(0, 10_000);
      expect(await canConnect(server.port)).to.equal(false);
      expect(server.log('ended unexpectedly')).to.deep.equal([]);
      expect(server.log('exited').filter(({ role }) => role === 'worker')).to.have.lengthOf(2);
    });

  it('closes idle keep-alive connections with an end of file (D11)', async () => {
    server = await Server.start({ app, workers: 2 });
    const idle = await Promise.all(Array.from({ length: 16 }, connected));
    for (const connection of idle) expect((await connection.ask('/')).status).to.equal(200);
    server.signal('SIGTERM');
    for (const connection of idle) expect(await connection.ended()).to.equal('FIN');
    await expectExit(0, 10_000);
    expect(stopTook('stopping')).to.be.below(3_500);
  });

  it('answers one last request on a keep-alive connection meanwhile', async () => {
    server = await Server.start({ app, workers: 1 });
    const connection = await connected();
    await connection.ask('/');
    const slow = await inFlight(2_000);
    server.signal('SIGTERM');
    await server.logged('draining');
    const last = await connection.ask('/');
    expect(last).to.include({ status: 200, closing: true });
    expect(await connection.ended()).to.equal('FIN');
    expect((await slow.answer()).status).to.equal(200);
    await expectExit(0, 10_000);
  });

  it('cuts a request that overruns the shutdown timeout (D7)', async () => {
    server = await Server.start({ app, workers: 1, config: `shutdownTimeout: '2s',` });
    const slow = await inFlight(60_000);
    server.signal('SIGTERM');
    await slow.ended();
    await expectExit(0, 10_000);
    expect(server.log('cut requests that overran')[0]).to.include({ cut: 1, role: 'worker' });
    expect(stopTook('stopping')).to.be.within(1_900, 4_000);
  });

  it('is immediate on INT', async () => {
    server = await Server.start({ app, workers: 2 });
    const slow = await inFlight(60_000);
    server.signal('SIGINT');
    await slow.ended();
    await expectExit(0, 10_000);
    expect(stopTook('stopping at once')).to.be.below(1_000);
  });

  it('is immediate on INT after TERM, and TERM may come twice (D12)', async () => {
    server = await Server.start({ app, workers: 2 });
    const slow = await inFlight(60_000);
    server.signal('SIGTERM');
    await server.logged('stopping');
    server.signal('SIGTERM');
    await server.logged('draining');
    expect(slow.ending).to.equal(undefined);
    server.signal('SIGINT');
    await slow.ended();
    await expectExit(0, 10_000);
    expect(stopTook('stopping at once')).to.be.below(1_000);
    expect(server.log('stopping')).to.have.lengthOf(1);
  });

  it('kills a worker that does not exit', async () => {
    server = await Server.start({ app, workers: 2, config: `shutdownTimeout: '1s',` });
    const [stopped] = (await server.stats()).workers;
    process.kill(stopped?.pid ?? 0, 'SIGSTOP');
    server.signal('SIGTERM');
    await expectExit(0, 15_000);
    const killing = server.log('killing');
    expect(killing.map(({ pid }) => pid)).to.deep.equal([stopped?.pid]);
    expect(killing[0]?.reason).to.equal('did not exit within 1000 ms');
  });

  for (const signal of ['SIGTERM', 'SIGQUIT', 'SIGINT'] as const)
    it(`is possible during the boot, on ${signal}`, async () => {
      server = await Server.start({ app: { text: 'for (;;);' }, eager: true });
      await server.logged('booting');
      server.signal(signal);
      await expectExit(0, 10_000);
      expect(server.text()).to.not.match(/could not boot|giving up/);
    });

  it('is possible at any moment of the boot (D12)', async () => {
    for (let delay = 0; delay < 12; delay++) {
      server = await Server.start({ app, eager: true });
      const started = performance.now();
      await until(`${delay * 60} ms`, () => performance.now() - started >= delay * 60);
      server.signal('SIGTERM');
      const { code, signal } = await withDeadline(server.exit, 15_000, 'the server to end');
      // Before Node runs any code of ours, the signal ends it like any program.
      if (server.text() === '') expect([code, signal]).to.satisfy(isEarlyEnd);
      else expect(code).to.equal(0);
      await server.expectNothingLeft();
      await server.destroy();
    }
  });

  it('wins over a refork under way, and refuses the next', async () => {
    server = await Server.start({ app, workers: 2 });
    const slow = await inFlight(2_000);
    server.signal('SIGURG');
    await server.logged('refork begins');
    server.signal('SIGTERM');
    await server.logged('stopping');
    server.signal('SIGURG');
    expect((await slow.answer()).status).to.equal(200);
    await expectExit(0, 10_000);
    expect(server.log('refork begins')).to.have.lengthOf(1);
    const lines = server.log().map(({ msg }) => msg);
    expect(lines.slice(lines.indexOf('stopping'))).to.not.include.members(['spawning']);
  });
});

const isEarlyEnd = ([code, signal]: [number | null, string | null]): boolean =>
  code === 0 || signal === 'SIGTERM';

describe('the commands that stop', () => {
  let server: Server;
  const command = (...words: string[]): ReturnType<typeof runCommand> =>
    runCommand([...words, '--control', server.control]);
  afterEach(() => server.destroy());

  it('stop waits for the end with --wait', async () => {
    server = await Server.start({ app, workers: 2 });
    const slow = await RawConnection.open(server.port);
    slow.send('/slow?1500');
    await until('the answer to begin', () => slow.answering);
    const ended = command('stop', '--wait');
    expect((await slow.answer()).body).to.match(/^begun x+ done$/);
    expect(await ended).to.deep.equal({ code: 0, stdout: 'stop: done\n', stderr: '' });
    expect(server.processes().filter(({ state }) => state !== 'Z')).to.deep.equal([]);
    expect((await server.exit).code).to.equal(0);
    await server.expectNothingLeft();
  });

  it('halt does not wait for requests', async () => {
    server = await Server.start({ app, workers: 2 });
    const slow = await RawConnection.open(server.port);
    slow.send('/slow?60000');
    await until('the answer to begin', () => slow.answering);
    expect((await command('halt', '--wait')).code).to.equal(0);
    await slow.ended();
    expect(await server.exit).to.deep.equal({ code: 0, signal: null });
    await server.expectNothingLeft();
  });

  it('status and stats list the processes, and then report that no server runs', async () => {
    server = await Server.start({ app, workers: 2 });
    const { workers, mold } = await server.stats();
    const status = await command('status');
    expect(status).to.include({ code: 0, stderr: '' });
    for (const pid of [server.pid, mold?.pid, ...workers.map((worker) => worker.pid)])
      expect(status.stdout).to.match(new RegExp(`\\b${pid}\\b`));
    const stats = await command('stats');
    expect((JSON.parse(stats.stdout) as { pid: number }).pid).to.equal(server.pid);
    expect((await command('stop')).code).to.equal(0);
    expect((await server.exit).code).to.equal(0);
    await server.expectNothingLeft();
    expect(existsSync(server.control)).to.equal(false);
    for (const word of ['status', 'stats', 'stop', 'halt', 'add-worker', 'refork']) {
      const { code, stdout, stderr } = await command(word);
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(/^pitchfork-ts: no server answers at [^\n]+\n$/);
    }
  });
});
