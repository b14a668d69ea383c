// Goal: effects reach the processes, the log, the metrics and the waiting callers; an impossible
// one becomes a fact of the fleet. Method: a performer with a real fleet and stubs around it.
import { expect } from 'chai';
import { somePid } from '../support/some-pid.js';
import type { Settings } from '../../lib/config/settings.js';
import type { Outcome } from '../../lib/control-api/outcome.js';
import { Fleet } from '../../lib/monitor/fleet/fleet.js';
import { hear } from '../../lib/monitor/fleet/hear.js';
import type { Listeners } from '../../lib/monitor/sockets/listeners.js';
import { Performer, type PerformerParts } from '../../lib/monitor/perform.js';
import { carryOut, type Action } from '../../lib/monitor/plan/carry-out.js';
import { plan } from '../../lib/monitor/plan/plan.js';
import { Waiters } from '../../lib/monitor/waiters.js';
import { recordedLog } from '../support/recorded-log.js';
import { settings } from '../support/story.js';

const hookNames = ['afterBooted', 'afterMonitorReady', 'beforeRestart', 'afterWorkerHardTimeout'];

function performing(boot: () => number = () => 4_000_000) {
  const calls: unknown[][] = [];
  const called =
    (name: string) =>
    (...args: unknown[]) =>
      void calls.push([name, ...args]);
  const fleet = new Fleet({ workers: 2, backoffMs: 300 });
  const log = recordedLog();
  const waiters = new Waiters();
  const hooks = Object.fromEntries(hookNames.map((name) => [name, [called(name)]]));
  const parts: PerformerParts = {
    settings: {
      ...settings,
      file: '/app.conf.ts',
      nodeOptions: ['--x'],
      hooks,
    } as unknown as Settings,
    overrides: {},
    listeners: {
      descriptorsFor: () => [7, 8],
      closeBefore: called('closeBefore'),
    } as unknown as Listeners,
    log,
    fleet,
    waiters,
    measurements: { rolledOut: called('rolledOut') },
    hotRestart: { cancel: called('cancel'), perform: async () => called('replace')() },
    children: {
      boot: (...args) => (called('boot')(...args), somePid(boot())),
      order: called('order'),
      send: called('send'),
      forget: called('forget'),
    },
  };
  const performer = new Performer(parts);
  const perform = (action: Action) => {
    for (const effect of carryOut(fleet, action, performance.now())) performer.perform(effect);
  };
  const named = (name: string) => calls.filter(([called]) => called === name);
  /** A frozen mold. */
  const mold = () => {
    perform({ type: 'boot' });
    const [child] = fleet.children.values();
    if (!child) throw new Error('nothing was booted');
    hear(fleet, child, { type: 'frozen' }, performance.now());
    return child;
  };
  return { calls, named, fleet, log, parts, perform, performer, mold, waiters };
}

describe('the performer', () => {
  it('boots a process with its order, and keeps the pid', () => {
    const { fleet, log, named, perform } = performing();
    perform({ type: 'boot' });
    const [[, child, options, order, fds] = []] = named('boot');
    expect(options).to.deep.equal(['--x']);
    expect(order).to.deep.equal({
      ...{ type: 'boot', file: '/app.conf.ts', overrides: {} },
      ...{ role: 'mold', slot: null, generation: 0, phase: 0 },
    });
    expect(fds).to.deep.equal([7, 8]);
    expect(fleet.get(1)).to.equal(child).and.to.include({ pid: 4_000_000, state: 'booting' });
    expect(log.texts()).to.deep.equal(['booting']);
  });

  it('counts a boot that is impossible as a failed start, and the server gives up', () => {
    const { fleet, log, perform } = performing(() => {
      throw new Error('EAGAIN: spawn');
    });
    perform({ type: 'boot' });
    expect(fleet.children.size).to.equal(0);
    expect(log.texts()).to.deep.equal(['could not boot']);
    expect(plan(fleet, settings, performance.now())).to.deep.equal([
      { type: 'giveUp', reason: 'could not boot: EAGAIN: spawn' },
    ]);
  });

  it('counts a fork that cannot be ordered against the mold', () => {
    const { fleet, log, mold, parts, perform } = performing();
    const { id } = mold();
    Object.assign(parts.children, {
      order: () => {
        throw new Error('EPIPE: the channel is closed');
      },
    });
    perform({ type: 'spawn', mold: id, slot: 0, canary: false });
    expect([...fleet.children.keys()]).to.deep.equal([id]);
    expect(fleet.get(id)).to.include({ failedForks: 1 });
    expect(fleet.starts).to.include({ failures: 1 });
    expect(fleet.starts.lastError).to.equal('fork: EPIPE: the channel is closed');
    expect(log.texts().at(-1)).to.equal('could not order a fork');
  });

  it('forgets the channel of a child that is killed before it is born', () => {
    const { mold, named, perform } = performing();
    perform({ type: 'spawn', mold: mold().id, slot: 0, canary: false });
    perform({ type: 'kill', child: 2, reason: 'story', cause: 'asked' });
    expect(named('forget')).to.deep.equal([['forget', 2]]);
  });

  it('ends a rollout that succeeded: figures, listeners, waiters, hook', async () => {
    const { log, mold, named, perform, performer, waiters, fleet } = performing();
    const candidate = mold();
    const outcome = waiters.add('refork', 'current');
    perform({ type: 'choose', child: candidate.id, reason: 'story' });
    expect(performer.rolloutTimes.startedAt).to.be.instanceOf(Date);
    perform({ type: 'finish' });
    expect(await outcome).to.deep.include({
      ...{ ok: true, phase: 0, generation: 1, workers: 2, canary: null, failedAttempts: [] },
    });
    expect(named('rolledOut')[0]?.slice(1, 3)).to.deep.equal(['refork', 'success']);
    expect(named('closeBefore')).to.deep.equal([['closeBefore', fleet.phase]]);
    expect(named('afterBooted')).to.have.length(1);
    expect(log.texts().slice(-2)).to.deep.equal(['refork begins', 'refork complete']);
    expect(performer.rolloutTimes.finishedAt).to.be.instanceOf(Date);
  });

  it('lets waiters wait while another candidate follows, and gives them the last failure', async () => {
    const { log, mold, named, perform, waiters } = performing();
    const { id } = mold();
    const outcomes: Outcome[] = [];
    void waiters.add('refork', 'current').then((outcome) => outcomes.push(outcome));
    perform({ type: 'choose', child: id, reason: 'story' });
    perform({ type: 'abandon', reason: 'the canary: died' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcomes).to.deep.equal([]);
    perform({ type: 'dropRequest', reason: 'no worker can be promoted' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(outcomes).to.deep.equal([{ ok: false, error: 'no worker can be promoted' }]);
    expect(named('rolledOut')[0]?.slice(1, 3)).to.deep.equal(['refork', 'failure']);
    expect(named('closeBefore')).to.deep.equal([]);
    expect(log.texts().slice(-2)).to.deep.equal(['refork failed', 'refork given up']);
  });

  it('ends with code 1 and the reason when the server gave up', async () => {
    const { named, perform, performer, waiters } = performing();
    const outcome = waiters.add('refork', 'current');
    perform({ type: 'giveUp', reason: 'could not boot: story' });
    perform({ type: 'exit', code: 0, reason: 'stopped' });
    expect(await performer.over).to.deep.equal({ code: 1, reason: 'could not boot: story' });
    expect(await outcome).to.deep.equal({ ok: false, error: 'the server gave up' });
    expect(named('cancel'), 'no hot restart comes any more').to.have.length(1);
  });

  it('names an automatic rollback in the log and in the figures', async () => {
    const { log, mold, named, perform, waiters } = performing();
    const old = mold();
    const outcome = waiters.add('rollback', 'current');
    const reason = '3 deaths';
    perform({ type: 'rollBack', mold: old.id, reason, automatic: true });
    expect(log.texts().at(-1)).to.equal('the new code dies, rolling back to the old');
    perform({ type: 'finish' });
    expect(await outcome).to.deep.include({ ok: true, phase: 0, generation: 0, canary: null });
    const [call] = named('rolledOut');
    expect(call?.slice(1, 3)).to.deep.equal(['rollback', 'success']);
    expect(call?.[4], 'automatic').to.equal(true);
    expect(named('afterBooted')).to.have.length(1);
    expect(named('beforeRestart')).to.have.length(0);
  });

  it('logs each pause of a crash loop, with the slots that wait', () => {
    const { fleet, log, mold, perform } = performing();
    mold();
    fleet.starts.failed('no database', performance.now());
    perform({ type: 'backOff' });
    expect(log.texts().at(-1)).to.equal('backing off: workers die again and again');
    expect(fleet.starts.isNews).to.equal(false);
  });

  it('runs the hooks of the boot once every worker serves', () => {
    const { log, named, perform } = performing();
    perform({ type: 'booted' });
    expect(
      [named('afterMonitorReady'), named('afterBooted')].map((list) => list.length),
    ).to.deep.equal([1, 1]);
    expect(log.texts()).to.deep.equal(['all workers are ready']);
  });
});
