// Goal: an operator's request is recorded or refused, with the reason. Method: the operations with
// a real fleet and stubs around it.
import { expect } from 'chai';
import type { Children } from '../../lib/monitor/children/children.js';
import { Fleet } from '../../lib/monitor/fleet/fleet.js';
import type { HotRestart } from '../../lib/monitor/hot-restart/hot-restart.js';
import type { Backtraces } from '../../lib/monitor/observe/backtraces.js';
import { Operations } from '../../lib/monitor/operations.js';
import type { Listeners } from '../../lib/monitor/sockets/listeners.js';
import { Waiters } from '../../lib/monitor/waiters.js';
import { recordedLog } from '../support/recorded-log.js';
import { settings } from '../support/story.js';
import { bootedWorld } from '../support/world.js';

interface Options {
  readonly single?: boolean;
  readonly shutdownDelayMs?: number;
  readonly grow?: () => void;
}

function operating({ single = false, shutdownDelayMs = 0, grow = () => undefined }: Options = {}) {
  const world = bootedWorld();
  const fleet = single ? new Fleet({ workers: 1, backoffMs: 300, single }) : world.fleet;
  const log = recordedLog();
  const sent: unknown[][] = [];
  let turns = 0;
  let cancelled = 0;
  const hotRestart = {
    prepare: async () => ({ ok: true, restarts: 1 }) as const,
    cancel: () => void cancelled++,
  };
  const operations = new Operations({
    settings: { ...settings, shutdownDelayMs },
    listeners: { grow } as unknown as Listeners,
    log,
    fleet,
    children: { send: (...args: unknown[]) => void sent.push(args) } as unknown as Children,
    waiters: new Waiters(),
    hotRestart: hotRestart as unknown as HotRestart,
    backtraces: {} as Backtraces,
    turn: () => void turns++,
  });
  return { operations, fleet, log, sent, turns: () => turns, cancelled: () => cancelled };
}

describe('operations', () => {
  it('request a rollout, and run the plan', () => {
    const { operations, fleet, turns } = operating();
    void operations.rollOut('refork', 'SIGURG');
    expect(fleet.rollouts.pending).to.include({ kind: 'refork', reason: 'SIGURG' });
    expect(turns()).to.equal(1);
  });

  it('refuse every rollout while the server stops', async () => {
    const { operations } = operating();
    operations.stop('graceful', 'SIGTERM');
    for (const kind of ['refork', 'phased restart', 'rollback'] as const)
      expect(await operations.rollOut(kind, 'SIGURG')).to.deep.equal({
        ok: false,
        error: `no ${kind}: the server is shutting down`,
      });
    expect(await operations.hotRestart('SIGUSR2')).to.have.property('ok', false);
    expect(operations.changeWorkers(1)).to.have.property('ok', false);
  });

  it('refuse a rollback while there is no way back, with the reason', async () => {
    const { operations, fleet, log } = operating();
    const error = 'no rollback: no phased restart has replaced any code yet';
    expect(await operations.rollOut('rollback', 'story')).to.deep.equal({ ok: false, error });
    expect(log.texts()).to.include(error);
    expect(fleet.rollouts.pending).to.equal(null);
  });

  it('refuse in single mode operations that need a fork or a second worker', async () => {
    const { operations, fleet } = operating({ single: true });
    expect(await operations.rollOut('refork', 'SIGURG')).to.have.property('ok', false);
    expect(operations.changeWorkers(1)).to.have.property('ok', false);
    void operations.rollOut('phased restart', 'SIGUSR1');
    expect(fleet.rollouts.pending).to.include({ kind: 'phased restart' });
  });

  it('stop at once where a graceful stop was under way, and not the other way round', () => {
    const { operations, fleet, cancelled } = operating();
    operations.stop('graceful', 'SIGTERM');
    operations.stop('graceful', 'SIGTERM');
    operations.stop('immediate', 'SIGINT');
    operations.stop('graceful', 'SIGTERM');
    expect(fleet.stopping).to.equal('immediate');
    expect(cancelled()).to.equal(2);
  });

  it('stop gracefully after shutdownDelay', () => {
    const { operations, fleet } = operating({ shutdownDelayMs: 60_000 });
    operations.stop('graceful', 'SIGTERM');
    expect(fleet.isExiting(performance.now())).to.equal(false);
    expect(fleet.isExiting(performance.now() + 60_001)).to.equal(true);
    operations.stop('immediate', 'SIGINT');
    expect(fleet.isExiting(performance.now())).to.equal(true);
  });

  it('add and remove workers, down to one', () => {
    const { operations, fleet } = operating();
    expect(operations.changeWorkers(1)).to.deep.equal({ ok: true, workers: 4 });
    expect(fleet).to.include({ workers: 4, queues: 4 });
    for (const workers of [3, 2, 1])
      expect(operations.changeWorkers(-1)).to.deep.equal({ ok: true, workers });
    expect(operations.changeWorkers(-1)).to.have.property('ok', false);
    expect(fleet).to.include({ workers: 1, queues: 4 });
  });

  it('add no worker whose queue cannot be opened', () => {
    const grow = (): void => {
      throw new Error('EMFILE: too many open files');
    };
    const { operations, fleet, log } = operating({ grow });
    expect(operations.changeWorkers(1)).to.have.property('ok', false);
    expect(fleet.workers).to.equal(3);
    expect(log.texts()).to.include('cannot add a worker');
  });

  it('collect garbage in all serving workers, not in the mold', () => {
    const { operations, sent } = operating();
    expect(operations.collectGarbage()).to.deep.equal({ ok: true, asked: 3 });
    expect(sent.map(([, order]) => order)).to.deep.equal(
      Array<object>(3).fill({ type: 'collectGarbage' }),
    );
  });
});
