// Goal: a signal to more processes than the monitor is handled as intended: Ctrl-C at a terminal
// goes to the process group, and some service managers send TERM to every process. Method: a server
// in a session of its own, with a request in flight.
import { expect } from 'chai';
import { timeOf } from '../support/log-time.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server, withDeadline } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `export default ({ url }, response) => {
    if (url !== '/slow') return response.end('quick');
    response.write('begun ');
    setTimeout(() => response.end('done'), 1_500);
  };`,
};

describe('a signal to all processes at once', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const startWithRequest = async (): Promise<RawConnection> => {
    server = await Server.start({ app, workers: 2, launcher: ['setsid'] });
    const connection = await RawConnection.open(server.port);
    connection.send('/slow');
    await until('the answer to begin', () => connection.answering);
    return connection;
  };

  const expectOrderlyEnd = async (): Promise<void> => {
    expect((await withDeadline(server.exit, 15_000, 'the server to stop')).code).to.equal(0);
    await server.expectNothingLeft();
    expect(server.log('ended unexpectedly')).to.deep.equal([]);
  };

  it('TERM answers requests in flight whole (S10)', async () => {
    const connection = await startWithRequest();
    for (const { pid } of server.processes()) process.kill(pid, 'SIGTERM');
    expect((await connection.answer()).body).to.equal('begun done');
    await expectOrderlyEnd();
  });

  it('INT, as Ctrl-C sends it to the group, stops at once (S10)', async () => {
    const connection = await startWithRequest();
    process.kill(-server.pid, 'SIGINT');
    await connection.ended();
    await expectOrderlyEnd();
    const [order, end] = [server.log('stopping at once')[0], server.log('monitor stopped')[0]];
    expect(timeOf(end) - timeOf(order)).to.be.below(1_000);
  });
});
