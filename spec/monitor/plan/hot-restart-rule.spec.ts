// Goal: the monitor's program is replaced when nothing is under way, and never against a stop.
// Method: a quiescent simulated world, in which something begins.
import { expect } from 'chai';
import { canReplaceProgram } from '../../../lib/monitor/plan/hot-restart-rule.js';
import { bootedWorld } from '../../support/world.js';
import { somePid } from '../../support/some-pid.js';

describe('the plan for a hot restart', () => {
  it('replaces the program of a quiescent fleet', () => {
    const world = bootedWorld();
    expect(canReplaceProgram(world.fleet)).to.equal(true);
    world.fleet.setHotRestart('prepared');
    world.turn();
    expect(world.decided.map(({ type }) => type)).to.include('replaceProgram');
    expect(world.fleet.restarts).to.equal(1);
  });

  it('waits for a child that starts', () => {
    const { fleet } = bootedWorld();
    const role = { role: 'mold', slot: null, generation: 0, phase: 0, parent: null } as const;
    const child = fleet.add({ ...role, state: 'booting' }, 0);
    fleet.started(child, somePid(78));
    expect(canReplaceProgram(fleet)).to.equal(false);
  });

  it('waits for a rollout that is under way', () => {
    const world = bootedWorld();
    world.fleet.rollouts.request('refork', 'story', world.now);
    world.turn();
    expect(canReplaceProgram(world.fleet)).to.equal(false);
  });

  it('never comes before a stop', () => {
    const { fleet, now } = bootedWorld();
    fleet.stop('graceful', now);
    expect(canReplaceProgram(fleet)).to.equal(false);
  });
});
