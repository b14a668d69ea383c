// Goal: a hot restart happens once, at the right moment, or leaves the server as it was. Method: the
// trial and the exec are stubs, the fleet is real.
import { expect } from 'chai';
import { Fleet } from '../../../lib/monitor/fleet/fleet.js';
import { HotRestart, type Programs } from '../../../lib/monitor/hot-restart/hot-restart.js';
import type { HandOver } from '../../../lib/monitor/hot-restart/hand-over.js';
import type { HeldByPredecessor } from '../../../lib/monitor/hot-restart/preflight.js';
import { Measurements } from '../../../lib/monitor/observe/measurements.js';
import { recordedLog, type RecordedLog } from '../../support/recorded-log.js';
import { scratch } from '../../support/scratch.js';
import { settingsOf } from '../../support/settings-of.js';
import { until } from '../../support/until.js';

const directory = scratch();

describe('a hot restart', () => {
  let fleet: Fleet;
  let log: RecordedLog;
  let areIdle: boolean;
  let turns: number;
  let trials: { held: HeldByPredecessor; signal: AbortSignal }[];
  let replaced: { handOver: HandOver; addon: string }[];

  beforeEach(() => {
    fleet = new Fleet({ workers: 1, backoffMs: 100 });
    log = recordedLog();
    areIdle = true;
    turns = 0;
    trials = [];
    replaced = [];
  });

  async function hotRestart(stubs: Partial<Programs> = {}): Promise<HotRestart> {
    const parts = {
      settings: await settingsOf(directory, `pidfile: './pid',`),
      log,
      listeners: { held: [] },
      endpoints: {
        control: { path: '/run/control.sock', fd: 40, identity: null },
        remoteControl: null,
        metrics: { port: { host: '::1', port: 9394, fd: 41 }, path: '/metrics' },
        pidFile: null,
      },
      fleet,
      children: {
        get areIdle() {
          return areIdle;
        },
        channels: () => [{ id: 1, fd: 42, unread: '', skipping: false }],
      },
      measurements: new Measurements(
        fleet,
        () => undefined,
        () => 0,
      ),
      turn: () => void turns++,
    };
    return new HotRestart(parts, {
      async tryNext(held, _timeoutMs, signal) {
        trials.push({ held, signal });
        return { addon: '/next/addon.node' };
      },
      replace: (handOver, addon) => void replaced.push({ handOver, addon }),
      ...stubs,
    });
  }

  const prepared = () => until('the preparation', () => fleet.hotRestart === 'prepared');

  it('is prepared once for two requests', async () => {
    const restart = await hotRestart();
    const outcomes = await Promise.all([restart.prepare(), restart.prepare()]);
    expect(outcomes).to.deep.equal([
      { ok: true, restarts: 1 },
      { ok: true, restarts: 1 },
    ]);
    expect(trials).to.have.length(1);
    await prepared();
    expect(turns).to.equal(1);
  });

  it('passes the held endpoints to the trial', async () => {
    await (await hotRestart()).prepare();
    expect(trials[0]?.held).to.deep.include({
      listen: [],
      control: '/run/control.sock',
      remoteControl: null,
      metrics: { host: '::1', port: 9394, fd: 41 },
    });
    await prepared();
  });

  it('leaves the server as it was, with the reason, if the trial fails', async () => {
    const failure = { tryNext: () => Promise.reject(new Error('no such module')) };
    const restart = await hotRestart(failure);
    const outcome = { ok: false, error: 'no such module' };
    expect(await restart.prepare()).to.deep.equal(outcome);
    expect(fleet.hotRestart).to.equal(null);
    expect(fleet.rollouts.lastError).to.equal('hot restart: no such module');
    expect(log.lines.map(({ text }) => text)).to.deep.equal(['hot restart failed']);
    expect(await restart.prepare(), 'a new trial').to.deep.equal(outcome);
    expect(log.lines).to.have.length(2);
  });

  it('is cancelled by a stop during the trial', async () => {
    const restart = await hotRestart({
      tryNext: (_held, _timeoutMs, signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    });
    const outcome = restart.prepare();
    fleet.stop('graceful', performance.now());
    restart.cancel();
    expect(await outcome).to.deep.equal({ ok: false, error: 'the server was stopped' });
    expect(fleet.hotRestart).to.equal(null);
    expect(log.lines).to.deep.equal([]);
  });

  it('hands everything over', async () => {
    const restart = await hotRestart();
    await restart.prepare();
    await prepared();
    fleet.setHotRestart('performing');
    await restart.perform();
    expect(replaced).to.have.length(1);
    expect(replaced[0]?.addon).to.equal('/next/addon.node');
    expect(replaced[0]?.handOver).to.deep.include({
      configuredWorkers: 1,
      channels: [{ id: 1, fd: 42, unread: '', skipping: false }],
      control: { path: '/run/control.sock', fd: 40, identity: null },
      metrics: { host: '::1', port: 9394, fd: 41 },
    });
  });

  it('waits while the fleet is busy', async () => {
    const restart = await hotRestart();
    const made = { role: 'worker', slot: 0, generation: 0, phase: 0, parent: null } as const;
    fleet.add({ ...made, state: 'starting' }, 0);
    fleet.setHotRestart('performing');
    await restart.perform();
    expect(replaced).to.deep.equal([]);
    expect(fleet.hotRestart).to.equal('prepared');
  });

  it('waits while a message is on its way', async () => {
    const restart = await hotRestart();
    areIdle = false;
    fleet.setHotRestart('performing');
    await restart.perform();
    expect(replaced).to.deep.equal([]);
    expect(fleet.hotRestart).to.equal('prepared');
  });

  it('continues as before if the program cannot be replaced', async () => {
    const restart = await hotRestart({
      replace: () => {
        throw new Error('ENOENT: execve');
      },
    });
    fleet.setHotRestart('performing');
    await restart.perform();
    expect(fleet.hotRestart).to.equal(null);
    expect(fleet.rollouts.lastError).to.equal('hot restart: ENOENT: execve');
    expect(turns).to.equal(1);
  });
});
