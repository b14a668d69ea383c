// Goal: a signal to a whole group (Ctrl-C in a terminal) or to every process (a service manager)
// leads to an orderly stop, whether children lead groups of their own or not. Method: a server that
// leads a group, as under a shell; its groups in /proc, its log, and a request in flight.
import { expect } from 'chai';
import { processOf } from '../support/processes.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
export default ({ url }, response) => {
  if (url !== '/slow') return response.end('ok');
  response.write('begun ');
  setTimeout(() => response.end('done'), 1_000);
};
`,
};

for (const setpgid of [true, false])
  describe(`process groups, with setpgid ${setpgid}`, () => {
    let server: Server;
    beforeEach(async () => {
      const config = `setpgid: ${setpgid},`;
      server = await Server.start({ app, workers: 2, config, launcher: ['setsid'] });
      // A forked mold is reaped in another way than a booted one.
      await server.refork();
      await server.settled(1);
    });
    afterEach(() => server.destroy());

    const expectOrderlyEnd = async (): Promise<void> => {
      const exit = await withDeadline(server.exit, 10_000, 'the server to end');
      expect(exit).to.deep.equal({ code: 0, signal: null });
      await server.expectNothingLeft();
      expect(server.log('ended unexpectedly')).to.deep.equal([]);
    };

    it(`puts each child into ${setpgid ? 'one of its own' : 'that of the monitor'}`, async () => {
      const { mold, workers } = await server.stats();
      expect(processOf(server.pid)?.group).to.equal(server.pid);
      for (const pid of [mold?.pid ?? 0, ...workers.map((worker) => worker.pid)])
        expect(processOf(pid)?.group).to.equal(setpgid ? pid : server.pid);
      await server.stop();
    });

    it('stops at once when the group of the monitor is interrupted', async () => {
      process.kill(-server.pid, 'SIGINT');
      await expectOrderlyEnd();
      expect(server.log('stopping at once')).to.have.lengthOf(1);
    });

    it('answers requests in flight when every process is sent TERM', async () => {
      const connection = await RawConnection.open(server.port);
      connection.send('/slow');
      await until('the answer to begin', () => connection.answering);
      for (const { pid } of server.processes().reverse()) process.kill(pid, 'SIGTERM');
      expect((await connection.answer()).body).to.equal('begun done');
      await expectOrderlyEnd();
    });
  });
