// Goal: a child is believed about itself only, in a state in which that makes sense. Method: reports
// to a fleet in several situations; the simulated world sends only admissible ones.
import { expect } from 'chai';
import type { Role } from '../../../lib/api/hooks.js';
import type { Child, ChildState } from '../../../lib/monitor/fleet/child.js';
import { Fleet } from '../../../lib/monitor/fleet/fleet.js';
import { hear } from '../../../lib/monitor/fleet/hear.js';
import { carryOut } from '../../../lib/monitor/plan/carry-out.js';
import { killOverdue } from '../../../lib/monitor/plan/overdue.js';
import type { Report } from '../../../lib/protocol/message.js';
import { somePid } from '../../support/some-pid.js';
import { settings } from '../../support/story.js';

const failed = (id: number): Report => ({ type: 'forkFailed', id, reason: 'x', stack: null });
const exercised: Report = { type: 'exercised', trials: [], draws: {} };
const refused: Report = { type: 'refused', findings: [], leaves: false };

/** A mold, a worker that it forked, a foreign mold, and the order for a child not born yet. */
function family() {
  const fleet = new Fleet({ workers: 2, backoffMs: 0 });
  const add = (role: Role, state: ChildState, parent: number | null): Child =>
    fleet.add({ role, state, slot: 0, generation: 0, phase: 0, parent }, 0);
  const mold = add('mold', 'frozen', null);
  const other = add('mold', 'frozen', null);
  const worker = add('worker', 'spawning', mold.id);
  const running = [mold, other, worker];
  for (const child of running) fleet.started(child, somePid(100 + child.id));
  hear(fleet, mold, { type: 'forked', id: worker.id, durationMs: 1 }, 1);
  hear(fleet, worker, { type: 'born' }, 1);
  hear(fleet, worker, { type: 'serving' }, 1);
  const unborn = add('worker', 'spawning', mold.id);
  return { fleet, mold, other, worker, unborn };
}

describe('the admission of reports', () => {
  it('refuses reports about the children of others', () => {
    const { fleet, mold, other, worker, unborn } = family();
    expect(hear(fleet, worker, failed(unborn.id), 2)).to.equal('forkFailed: not from a worker');
    expect(hear(fleet, other, failed(unborn.id), 2)).to.include('no fork that was ordered from it');
    expect(hear(fleet, mold, failed(worker.id), 2)).to.include('no fork that was ordered from it');
    expect(hear(fleet, mold, failed(79), 2)).to.include('no fork that was ordered from it');
    expect([...fleet.children.values()]).to.have.members([mold, other, worker, unborn]);
  });

  it('takes one answer for each order to fork', () => {
    const { fleet, mold, unborn } = family();
    expect(hear(fleet, mold, failed(unborn.id), 2)).to.equal(null);
    expect(fleet.get(unborn.id)).to.equal(undefined);
    expect(hear(fleet, mold, failed(unborn.id), 2)).to.include('no fork that was ordered from it');
  });

  it('does not take a child that lives for one that could not be forked', () => {
    const { fleet, mold, unborn } = family();
    fleet.started(unborn, somePid(200));
    expect(hear(fleet, mold, failed(unborn.id), 2)).to.equal('forkFailed.id: the child lives');
    expect(fleet.get(unborn.id)).to.equal(unborn);
  });

  it('refuses a birth that the kernel has not seen', () => {
    const { fleet, unborn } = family();
    expect(hear(fleet, unborn, { type: 'born' }, 2)).to.include('the kernel has seen no newborn');
  });

  it('refuses what does not fit the state', () => {
    const figures = family().worker.figures;
    const reports: Report[] = [
      ...([{ type: 'frozen' }, { type: 'born' }, { type: 'serving' }] as const),
      ...([{ type: 'dismissed' }, { type: 'drained', figures, metrics: null }] as const),
      ...[refused, exercised],
    ];
    for (const report of reports) {
      const { fleet, worker } = family();
      expect(hear(fleet, worker, report, 2), report.type).to.match(/: not (while|from)/);
      expect(worker).to.include({ state: 'serving', role: 'worker' });
    }
  });

  it('has a child that breaks the protocol killed, once', () => {
    const { fleet, worker } = family();
    hear(fleet, worker, { type: 'frozen' }, 2);
    const [action, ...others] = killOverdue(fleet, settings, 2);
    const reason = 'broke the protocol: frozen: not while serving';
    const kill = { type: 'kill', child: worker.id, reason, cause: 'channel' };
    expect(action).to.deep.equal(kill);
    if (action) carryOut(fleet, action, 2);
    expect([...others, ...killOverdue(fleet, settings, 3)]).to.deep.equal([]);
  });

  it('brings no child back from its end, by a report that crossed with an order', () => {
    for (const state of ['leaving', 'killed'] as const) {
      const { fleet, worker } = family();
      fleet.enter(worker, 'promoting', 2);
      fleet.enter(worker, state, 3);
      const { figures } = worker;
      const leaving: Report = { type: 'leaving', figures, metrics: null, cut: 0 };
      for (const report of [refused, { type: 'frozen' } as const, leaving])
        expect(hear(fleet, worker, report, 4), report.type).to.equal(null);
      expect(worker).to.include({ state, role: 'worker' });
    }
  });

  it('keeps a stack only that was asked for', () => {
    const { fleet, worker } = family();
    hear(fleet, worker, { type: 'stuck', stack: 'forged' }, 2);
    expect(worker.stack).to.equal(null);
  });
});
