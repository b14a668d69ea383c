// Goal: an error that reaches the monitor's event loop does not end the server (P3). Method: a
// configuration whose hook leaves a timer that throws, and a promise that rejects.
import { expect } from 'chai';
import { Server } from '../support/server.js';

const app = { text: `export default (request, response) => response.end(String(process.pid));` };

describe('an uncaught error in the monitor (P3)', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('is logged with its stack, and the server goes on', async () => {
    const config = `afterMonitorReady() {
      setTimeout(() => { throw new Error('from a timer'); });
      setTimeout(() => void Promise.reject(new Error('from a promise')));
      setTimeout(() => { throw null; });
    },`;
    server = await Server.start({ app, config, workers: 1 });
    const line = 'uncaught error of the configuration';
    const fromTimer = await server.logged(line, { reason: 'Error: from a timer' });
    expect(fromTimer['stack']).to.match(/pitchfork\.conf\.mjs:\d+/);
    await server.logged(line, { reason: 'Error: from a promise' });
    await server.logged('defect of pitchfork-ts', { reason: 'null' });
    const pid = Number(await server.get());
    process.kill(pid, 'SIGKILL');
    await server.logged('ended unexpectedly', { pid });
    await server.settled();
    await server.stop();
  });
});
