// Goal: a mold freezes, answers each order to fork once, and every way out has its report. Method: the
// real process on a real channel, without a monitor; its reports in order. Forks that succeed need a
// monitor to be born to: the integration specs have them.
import { expect } from 'chai';
import { Booted, type BootOptions } from '../../support/booted.js';
import { scratch } from '../../support/scratch.js';
import { until } from '../../support/until.js';

const directory = scratch();

describe('a mold', () => {
  let mold: Booted;
  afterEach(() => mold.destroy());

  const boot = (options: Partial<BootOptions> = {}): void => {
    mold = new Booted(directory, { role: 'mold', ...options });
  };

  it('reports each fork that its hook prevents, and stays', async () => {
    boot({ config: `\nbeforeFork() { throw new Error('not now'); },` });
    await mold.line.report('frozen');
    mold.spawn(1, 0);
    const { id, reason, stack } = await mold.line.report('forkFailed');
    expect(id).to.equal(1);
    expect(reason).to.match(/^pitchfork\.conf\.mjs:2:\d+: Error: not now$/);
    expect(stack).to.match(/^at \S*beforeFork \(pitchfork\.conf\.mjs:2:\d+\)$/);
    mold.spawn(2, null);
    mold.line.send({ type: 'retire', last: false });
    expect((await mold.exit).code).to.equal(0);
    expect(mold.line.types()).to.deep.equal([
      'born',
      'configured',
      'frozen',
      'forkFailed',
      'forkFailed',
    ]);
  });

  it('reports afterFork that fails before it reports the fork', async () => {
    boot({
      config: `beforeFork() { throw new Error('not now'); },
        afterFork({ error }) { throw new Error('no notes of ' + error.message); },`,
    });
    await mold.line.report('frozen');
    mold.spawn(1, 0);
    const { text, reason } = await mold.line.report('note');
    expect(text).to.equal('hook afterFork failed');
    expect(reason).to.match(/^pitchfork\.conf\.mjs:2:\d+: Error: no notes of not now$/);
    await mold.line.report('forkFailed');
    expect(mold.line.types()).to.deep.equal(['born', 'configured', 'frozen', 'note', 'forkFailed']);
  });

  it('aborts with the place of the error when its hook fails', async () => {
    boot({ config: `\nafterMoldFork() { throw new RangeError('too warm'); },` });
    const { step, reason } = await mold.line.report('failed');
    expect(step).to.equal('afterMoldFork');
    expect(reason).to.match(/^pitchfork\.conf\.mjs:2:\d+: RangeError: too warm$/);
    expect((await mold.exit).code).to.equal(1);
  });

  it('aborts with the step when it cannot freeze', async () => {
    boot({ failpoint: 'mold.compacting=throw' });
    const { step, reason } = await mold.line.report('failed');
    expect([step, reason]).to.deep.equal(['freeze', 'Error: failpoint mold.compacting']);
    expect((await mold.exit).code).to.equal(1);
  });

  it('exits when the audit refuses it', async () => {
    boot({
      app: `import { Worker } from 'node:worker_threads';
        new Worker('setInterval(() => 0, 1000)', { eval: true });
        export default () => undefined;`,
    });
    expect((await mold.line.report('refused')).leaves).to.equal(true);
    expect((await mold.exit).code).to.equal(0);
    expect(mold.line.types()).to.deep.equal(['born', 'configured', 'refused']);
  });

  for (const [order, name] of [
    [{ type: 'retire', last: false }, 'retire'],
    [{ type: 'drain' }, 'drain'],
  ] as const)
    it(`exits on the order to ${name}`, async () => {
      boot();
      await mold.line.report('frozen');
      mold.line.send(order);
      expect(await mold.exit).to.deep.equal({ code: 0, signal: null });
      expect(mold.line.types()).to.deep.equal(['born', 'configured', 'frozen']);
    });

  it('is dismissed by a signal', async () => {
    boot();
    await mold.line.report('frozen');
    // One that arrives just before the mold blocks is noticed with the next.
    await until('its last word', () => {
      if (mold.line.types().includes('dismissed')) return true;
      mold.signal('SIGTERM');
      return false;
    });
    expect((await mold.exit).code).to.equal(0);
  });

  it('exits when its monitor is gone', async () => {
    boot();
    await mold.line.report('frozen');
    mold.line.close();
    expect((await mold.exit).code).to.equal(0);
  });
});

describe('an app that does not load', () => {
  it('ends the boot with the place of the error', async () => {
    const process = new Booted(directory, {
      role: 'mold',
      app: `\nthrow new Error('no licence');`,
    });
    try {
      const { step, reason, stack } = await process.line.report('failed');
      expect([step, reason]).to.deep.equal(['boot', 'app.mjs:2:7: Error: no licence']);
      expect(stack).to.equal('at app.mjs:2:7');
      expect((await process.exit).code).to.equal(1);
    } finally {
      await process.destroy();
    }
  });
});
