// Goal: systemd is notified when the server is ready, reloads and stops, and of its health. Method:
// a real datagram socket in its place.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { NotifySocket } from '../support/notify-socket.js';
import { fixtureApp, Server } from '../support/server.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';

const app = fixtureApp('plain.mjs');

describe('notifications to systemd', () => {
  const directory = scratch();
  let socket: NotifySocket;
  let server: Server;

  afterEach(async () => {
    await server.destroy();
    await socket.close();
  });

  const start = async (name: string, options: Partial<Parameters<typeof Server.start>[0]> = {}) => {
    socket = await NotifySocket.open(name);
    const env = { NOTIFY_SOCKET: name, ...options.env };
    server = await Server.start({ app, workers: 2, ...options, env });
  };
  const told = (...states: string[]): Promise<unknown> =>
    until(`${states.join(' ')}`, () => socket.states.join() === states.join());

  it('report readiness, each rollout and the end, in order (O12)', async () => {
    await start(join(directory.path, 'notify.sock'));
    await told('READY=1');
    const status = 'STATUS=2 of 2 workers serve, generation 0, phase 0';
    await until(status, () => socket.statuses.includes(status));
    const before = process.hrtime.bigint() / 1000n;
    expect((await server.ask('POST', '/refork?wait=1')).status).to.equal(200);
    await told('READY=1', 'RELOADING=1', 'READY=1');
    const reloading = socket.received.find(({ text }) => text.startsWith('RELOADING=1'));
    const usec = BigInt(/^MONOTONIC_USEC=(\d+)$/m.exec(reloading?.text ?? '')?.[1] ?? 0);
    expect(usec >= before && usec <= process.hrtime.bigint() / 1000n).to.equal(true);
    server.signal('SIGUSR1');
    const reloads = ['RELOADING=1', 'READY=1', 'RELOADING=1', 'READY=1'];
    await told('READY=1', ...reloads);
    const final = 'STATUS=2 of 2 workers serve, generation 0, phase 1';
    await until(final, () => socket.statuses.includes(final));
    expect(socket.statuses).to.include('STATUS=2 of 2 workers serve, generation 1, phase 0');
    expect(socket.statuses.join()).to.include('refork: canary');
    await server.stop();
    await told('READY=1', ...reloads, 'STOPPING=1');
  });

  it('say READY only when all workers are ready, and no child inherits the variables (O12)', async () => {
    const gate = join(directory.path, 'gate');
    await start(`@pitchfork-spec-${process.pid}`, {
      eager: true,
      prelude: `import { existsSync } from 'node:fs';`,
      config: `async afterWorkerFork({ slot }) {
        while (slot === 1 && !existsSync(${JSON.stringify(gate)}))
          await new Promise((resolve) => setTimeout(resolve, 20));
      },`,
      env: { WATCHDOG_USEC: '60000000', LISTEN_FDS: '1', LISTEN_PID: '1' },
    });
    await server.logged('ready', { role: 'worker', slot: 0 });
    await until('a status', () => socket.statuses.some((text) => text.includes('1 of 2 workers')));
    expect(socket.states).to.deep.equal([]);
    directory.write('gate', '');
    await told('READY=1');
    const children = server.processes().filter(({ pid }) => pid !== server.pid);
    expect(children).to.have.length.above(2);
    for (const { pid } of children)
      expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).to.not.match(
        /(NOTIFY_SOCKET|WATCHDOG_USEC|LISTEN_FDS|LISTEN_PID)=/,
      );
    await server.stop();
  });

  it('report the end of a failed restart', async () => {
    await start(join(directory.path, 'notify.sock'), { app: { text: 'export default () => 0;' } });
    await told('READY=1');
    server.signal('SIGUSR1');
    await server.logged('phased restart complete');
    writeFileSync(join(server.directory, 'app.mjs'), `throw new Error('no database');`);
    expect((await server.ask('POST', '/phased-restart?wait=1')).status).to.equal(409);
    await told('READY=1', 'RELOADING=1', 'READY=1', 'RELOADING=1', 'READY=1');
    await until('the reason', () => /no database/.test(socket.statuses.at(-1) ?? ''));
    await server.stop();
  });

  it('feed a watchdog at half of its time, while the monitor’s event loop runs (O12)', async () => {
    await start(join(directory.path, 'notify.sock'), { env: { WATCHDOG_USEC: '2000000' } });
    const beats = (): number[] =>
      socket.received.filter(({ text }) => text === 'WATCHDOG=1').map(({ at }) => at);
    await until('four signs of life', () => beats().length >= 4);
    const gaps = beats().flatMap((at, index, all) =>
      index > 0 ? at - (all[index - 1] ?? at) : [],
    );
    expect(Math.max(...gaps), 'ms between signs of life').to.be.below(2_000);
    server.signal('SIGSTOP');
    const silent = async (): Promise<boolean> => {
      const { length } = socket.received;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return socket.received.length === length;
    };
    try {
      await until('silence', silent);
    } finally {
      server.signal('SIGCONT');
    }
    await server.stop();
  });

  it('cost the server nothing when no socket listens', async () => {
    await start(join(directory.path, 'notify.sock'));
    await socket.close();
    socket = await NotifySocket.open(join(directory.path, 'another.sock'));
    expect((await server.ask('POST', '/refork?wait=1')).status).to.equal(200);
    expect(server.log('cannot notify the service manager')).to.have.lengthOf(1);
    await server.stop();
  });
});
