// Goal: each decision makes its change of the fleet, and returns the effects that go with it.
// Method: one decision at a time, on a small fleet.
import { expect } from 'chai';
import { markStackRequested, type Child } from '../../../lib/monitor/fleet/child.js';
import { Fleet } from '../../../lib/monitor/fleet/fleet.js';
import { hear } from '../../../lib/monitor/fleet/hear.js';
import { currentMold, servingIn } from '../../../lib/monitor/fleet/queries.js';
import { carryOut, type Effect } from '../../../lib/monitor/plan/carry-out.js';
import { noFaults, settings, single } from '../../support/story.js';
import { bootedWorld, World } from '../../support/world.js';

const types = (effects: readonly Effect[]): string[] => effects.map(({ type }) => type);

/** Three workers and their mold, quiescent. */
function atRest(): { fleet: Fleet; mold: Child; worker: Child; now: number } {
  const { fleet, now } = bootedWorld();
  const [mold, worker] = [currentMold(fleet), servingIn(fleet, 1)];
  if (!mold || !worker) throw new Error('the fleet is not at rest');
  return { fleet, mold, worker, now };
}

/** A refork in progress: the new mold has frozen, unproven, and the canary is about to be born. */
function onTrial(): ReturnType<typeof atRest> & { canary: Child } {
  const { fleet, mold, worker, now } = atRest();
  carryOut(fleet, { type: 'choose', child: worker.id, reason: 'story' }, now);
  carryOut(fleet, { type: 'promote', child: worker.id, generation: 1 }, now);
  hear(fleet, worker, { type: 'frozen' }, now);
  const spawn = { type: 'spawn', mold: worker.id, slot: 1, canary: true } as const;
  const [effect] = carryOut(fleet, spawn, now);
  if (effect?.type !== 'fork') throw new Error('no fork was ordered');
  return { fleet, mold, worker, now, canary: effect.child };
}

describe('a decision that is carried out', () => {
  it('boot: a mold of the next generation, and the count of reforks begins anew', () => {
    const { fleet, now } = atRest();
    const [effect] = carryOut(fleet, { type: 'boot' }, now);
    expect(effect).to.have.property('type', 'boot');
    const made = { role: 'mold', state: 'booting', slot: null, generation: 1, parent: null };
    expect(effect).to.have.property('child').that.deep.includes(made);
    expect(fleet.code.data.reforks).to.equal(0);
  });

  it('bootNext: a mold of the next phase, which is the candidate', () => {
    const { fleet, now } = atRest();
    const effects = carryOut(fleet, { type: 'bootNext' }, now);
    expect(types(effects)).to.deep.equal(['rolloutBegan', 'boot']);
    expect(effects[1]).to.have.property('child').that.includes({ phase: 1, generation: 0 });
    expect(fleet.get(fleet.rollouts.attempt?.candidate)).to.include({ state: 'booting', phase: 1 });
    expect(fleet.phase, 'until the proof').to.equal(0);
  });

  it('bootNext in single mode: an attempt without a candidate', () => {
    const world = new World(noFaults, () => 0.7, single);
    world.turn();
    world.settle();
    const effects = carryOut(world.fleet, { type: 'bootNext' }, world.now);
    expect(types(effects)).to.deep.equal(['rolloutBegan']);
    expect(world.fleet.rollouts.attempt?.candidate).to.equal(null);
  });

  it('spawn: a child of the mold, ordered from it', () => {
    const { fleet, mold, now } = atRest();
    const spawn = { type: 'spawn', mold: mold.id, slot: 2, canary: false } as const;
    const effects = carryOut(fleet, spawn, now);
    expect(types(effects)).to.deep.equal(['fork']);
    expect(effects[0]).to.have.property('mold', mold);
    const made = { role: 'worker', state: 'spawning', slot: 2, pid: null, parent: mold.id };
    expect(effects[0]).to.have.property('child').that.includes(made);
  });

  it('spawn without a slot: the service worker', () => {
    const { fleet, mold, now } = atRest();
    const spawn = { type: 'spawn', mold: mold.id, slot: null, canary: false } as const;
    expect(carryOut(fleet, spawn, now)[0])
      .to.have.property('child')
      .that.includes({
        role: 'service',
        slot: null,
      });
  });

  it('choose and promote: the worker is the candidate, and gets its order', () => {
    const { fleet, worker, now } = atRest();
    const choose = { type: 'choose', child: worker.id, reason: 'story' } as const;
    expect(types(carryOut(fleet, choose, now))).to.deep.equal(['rolloutBegan']);
    expect(fleet.rollouts.attempt).to.include({ candidate: worker.id, generation: 1, phase: 0 });
    const promote = { type: 'promote', child: worker.id, generation: 1 } as const;
    expect(carryOut(fleet, promote, now)).to.deep.equal([
      { type: 'send', child: worker, order: { type: 'promote', generation: 1 } },
    ]);
    expect(worker.state).to.equal('promoting');
  });

  it('prove: slots are filled from the new mold', () => {
    const { fleet, worker, now } = onTrial();
    expect(types(carryOut(fleet, { type: 'prove' }, now))).to.deep.equal(['canaryProven']);
    expect(currentMold(fleet)).to.equal(worker);
    expect(fleet.code.data.reforks).to.equal(1);
  });

  it('finish: the rollout is over, without an error', () => {
    const { fleet, now } = onTrial();
    const [effect] = carryOut(fleet, { type: 'finish' }, now);
    expect(effect).to.deep.include({ type: 'rolloutEnded', failure: null, over: true });
    expect(fleet.rollouts).to.include({ attempt: null, pending: null, lastError: null });
  });

  it('abandon: the new mold retires, its canary is killed, another candidate follows', () => {
    const { fleet, worker, canary, now } = onTrial();
    const effects = carryOut(fleet, { type: 'abandon', reason: 'story' }, now);
    expect(types(effects)).to.deep.equal(['rolloutEnded', 'kill', 'send']);
    expect(effects[0]).to.include({ failure: 'story', over: false });
    expect(effects[2]).to.deep.include({ child: worker, order: { type: 'retire', last: false } });
    expect(fleet.get(canary.id), 'no process ever answered').to.equal(undefined);
    expect(fleet.rollouts.pending?.tried).to.deep.equal(new Set([worker.id]));
    expect(fleet.rollouts.backoffUntil).to.equal(now + settings.refork.backoffMs);
  });

  it('abandon: a candidate without orders serves on', () => {
    const { fleet, worker, now } = atRest();
    carryOut(fleet, { type: 'choose', child: worker.id, reason: 'story' }, now);
    const effects = carryOut(fleet, { type: 'abandon', reason: 'story' }, now);
    expect(types(effects)).to.deep.equal(['rolloutEnded']);
    expect(worker.state).to.equal('serving');
  });

  it('dropRequest: nothing is pending, and the reason is kept', () => {
    const { fleet, now } = atRest();
    fleet.rollouts.request('refork', 'story', now);
    const dropped = carryOut(fleet, { type: 'dropRequest', reason: 'no worker' }, now);
    expect(dropped).to.deep.equal([
      { type: 'requestDropped', kind: 'refork', reason: 'no worker' },
    ]);
    expect(fleet.rollouts).to.include({ pending: null, lastError: 'no worker' });
  });

  it('drain and retire: on the way out, with the order', () => {
    const { fleet, mold, worker, now } = atRest();
    expect(carryOut(fleet, { type: 'drain', child: worker.id }, now)).to.deep.equal([
      { type: 'send', child: worker, order: { type: 'drain' } },
    ]);
    expect(carryOut(fleet, { type: 'retire', mold: mold.id, last: true }, now)).to.deep.equal([
      { type: 'send', child: mold, order: { type: 'retire', last: true } },
    ]);
    expect([worker.state, mold.state]).to.deep.equal(['leaving', 'leaving']);
  });

  it('askForStack: an earlier stack is discarded', () => {
    const { fleet, worker, now } = atRest();
    markStackRequested(worker, now - 5_000);
    hear(fleet, worker, { type: 'stuck', stack: 'at old' }, now);
    const effects = carryOut(fleet, { type: 'askForStack', child: worker.id }, now);
    expect(types(effects)).to.deep.equal(['askForStack']);
    expect(worker).to.include({ stackRequestedAt: now, stack: null });
  });

  for (const type of ['kill', 'timeOut'] as const)
    it(`${type}: the child no longer counts, with the reason`, () => {
      const { fleet, worker, now } = atRest();
      const fault = { reason: 'story', cause: 'heartbeat' } as const;
      const effects = carryOut(fleet, { type, child: worker.id, ...fault }, now);
      expect(effects).to.deep.equal([{ type, child: worker, reason: 'story' }]);
      expect(worker).to.include({ state: 'killed', reason: 'story', killedFor: 'heartbeat' });
    });

  it('giveUp: an immediate stop', () => {
    const { fleet, now } = atRest();
    expect(types(carryOut(fleet, { type: 'giveUp', reason: 'story' }, now))).to.deep.equal([
      'giveUp',
    ]);
    expect(fleet.stopping).to.equal('immediate');
    expect(fleet.isExiting(now)).to.equal(true);
  });

  it('does nothing for a child that no longer exists', () => {
    const { fleet, now } = atRest();
    for (const type of ['drain', 'announceStop', 'askForStack'] as const)
      expect(carryOut(fleet, { type, child: 999 }, now)).to.deep.equal([]);
    expect(carryOut(fleet, { type: 'retire', mold: 999, last: true }, now)).to.deep.equal([]);
    const spawn = { type: 'spawn', mold: 999, slot: 0, canary: false } as const;
    expect(carryOut(fleet, spawn, now)).to.deep.equal([]);
  });
});
