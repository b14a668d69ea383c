// Goal: workers collect garbage on command, and between requests if configured. Method: an object
// that only a weak reference reaches, in a real worker.
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `let reference;
    export default (request, response) => {
      if (request.url === '/make') reference = new WeakRef({ text: 'x'.repeat(1_000) });
      response.end(String(reference?.deref() !== undefined));
    };`,
};

describe('garbage', () => {
  let server: Server;
  afterEach(() => server.destroy());

  const isCollected = async (): Promise<boolean> => (await server.get()) === 'false';

  it('is collected by command in every worker', async () => {
    server = await Server.start({ app, workers: 1 });
    expect(await server.get('/make')).to.equal('true');
    expect(await isCollected()).to.equal(false);
    expect(await runCommand(['gc', '--control', server.control])).to.include({
      code: 0,
      stdout: 'gc: done\n',
    });
    await until('the object to be collected', isCollected);
    await server.stop();
  });

  it('is collected between requests, after as many as configured', async () => {
    server = await Server.start({ app, workers: 1, config: 'outOfBandGc: 5,' });
    expect(await server.get('/make')).to.equal('true');
    for (let count = 0; count < 5; count++) await server.get();
    await until('the object to be collected', isCollected);
    await server.stop();
  });
});
