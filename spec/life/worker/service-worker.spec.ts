// Goal: the service worker reports each step of its life, and no hook keeps it from exiting. Method:
// the real process on a real channel, without a monitor; its reports in order.
import { expect } from 'chai';
import { Booted } from '../../support/booted.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch();

describe('a service worker', () => {
  let service: Booted;
  afterEach(() => service.destroy());

  const boot = (config: string): void => {
    service = new Booted(directory, { role: 'service', config });
  };

  it('is born, starts its work, and exits with its totals', async () => {
    boot(`beforeServiceWorkerReady() {},`);
    await service.line.report('serving');
    await service.line.report('heartbeat');
    service.line.send({ type: 'promote', generation: 1 });
    service.line.send({ type: 'drain' });
    expect((await service.line.report('leaving')).figures.requests).to.equal(0);
    expect((await service.exit).code).to.equal(0);
    expect(service.line.types()).to.deep.equal(['born', 'configured', 'serving', 'leaving']);
  });

  it('is dismissed when it is told to drain before its work has started', async () => {
    boot(`beforeServiceWorkerReady: () => new Promise(() => undefined),`);
    service.line.send({ type: 'drain' });
    expect((await service.exit).code).to.equal(0);
    expect(service.line.types()).to.deep.equal(['born', 'configured', 'dismissed']);
  });

  it('aborts with the place of the error when its start fails', async () => {
    boot(`\nbeforeServiceWorkerReady() { throw new Error('no queue'); },`);
    const { step, reason } = await service.line.report('failed');
    expect(step).to.equal('start');
    expect(reason).to.match(/^pitchfork\.conf\.mjs:2:\d+: Error: no queue$/);
    expect((await service.exit).code).to.equal(1);
  });

  it('exits although its last hook fails', async () => {
    boot(`beforeServiceWorkerReady() {},
      beforeServiceWorkerExit() { throw new Error('no goodbye'); },`);
    await service.line.report('serving');
    service.line.send({ type: 'drain' });
    const { text, reason } = await service.line.report('note');
    expect(text).to.equal('hook beforeServiceWorkerExit failed');
    expect(reason).to.match(/^pitchfork\.conf\.mjs:2:\d+: Error: no goodbye$/);
    expect((await service.exit).code).to.equal(0);
    expect(service.line.types()).to.deep.equal([
      'born',
      'configured',
      'serving',
      'note',
      'leaving',
    ]);
  });

  it('exits although its last hook never resolves', async () => {
    boot(`shutdownTimeout: '1s', beforeServiceWorkerReady() {},
      beforeServiceWorkerExit: () => new Promise(() => undefined),`);
    await service.line.report('serving');
    service.line.send({ type: 'drain' });
    const { text } = await service.line.report('note');
    expect(text).to.equal('hook beforeServiceWorkerExit did not end within 1000 ms');
    expect((await service.exit).code).to.equal(0);
  });

  it('exits by itself when its monitor is gone', async () => {
    boot(`beforeServiceWorkerReady() {},`);
    await service.line.report('serving');
    service.line.close();
    expect((await service.exit).code).to.equal(0);
  });
});
