// Goal: the plan leads any story to its proper end. Method: random stories (deaths, hangs,
// refusals, requests, changes of the number of workers) in the simulated world, with the carry-out
// of the monitor. PITCHFORK_SPEC_RUNS limits the stories of each property.
import { expect } from 'chai';
import fc from 'fast-check';
import { isOutdated, isQuiescent } from '../../../lib/monitor/fleet/queries.js';
import { seeded } from '../../support/seeded.js';
import { noFaults, settings, single, withService } from '../../support/story.js';
import { bootedWorld, Exited, World } from '../../support/world.js';

const mostRuns = Number(process.env['PITCHFORK_SPEC_RUNS'] ?? Infinity);
const runs = (wanted: number): number => Math.min(wanted, mostRuns);

describe('the plan in any story', () => {
  const fault = fc.double({ min: 0, max: 0.02, noNaN: true });
  const story = fc.record({
    seed: fc.integer(),
    faults: fc.record({
      ...{ death: fault, hang: fault, refusal: fault, unfit: fault, exit: fault, service: fault },
    }),
    config: fc.constantFrom(settings, withService),
    events: fc.array(
      fc.record({
        after: fc.integer({ min: 0, max: 60 }),
        what: fc.constantFrom(
          ...(['refork', 'more', 'less', 'reforkTwice', 'phased', 'hot', 'grow'] as const),
          ...(['rollback', 'deaths', 'moldDeath'] as const),
        ),
      }),
      { maxLength: 8 },
    ),
  });

  it('becomes quiescent with every slot served by one worker, whatever happens on the way (S12)', function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(story, ({ seed, faults, config, events }) => {
        const random = seeded(seed);
        const world = new World({ ...faults }, random, config);
        world.turn();
        for (const { after, what } of events) {
          for (let tick = 0; tick < after; tick++) world.tick();
          if (what.startsWith('refork')) world.fleet.rollouts.request('refork', 'story', world.now);
          if (what === 'phased') world.fleet.rollouts.request('phased restart', 'story', world.now);
          if (what === 'reforkTwice') world.fleet.rollouts.request('refork', 'story', world.now);
          if (what === 'hot') world.fleet.setHotRestart('prepared');
          if (what === 'grow') world.grow();
          if (what === 'rollback') world.fleet.rollouts.request('rollback', 'story', world.now);
          if (what === 'deaths') world.killAll(({ role }) => role === 'worker');
          if (what === 'moldDeath') world.killAll(({ state }) => state === 'frozen');
          if (what === 'more') world.fleet.resize(Math.min(6, world.fleet.workers + 1));
          if (what === 'less') world.fleet.resize(Math.max(1, world.fleet.workers - 1));
          world.turn();
        }
        // No more faults from here on.
        Object.assign(world.faults, noFaults);
        world.rest();
        expect(world.fleet.hotRestart).to.equal(null);
        const { fleet } = world;
        // After many failures a refork waits for minutes before the next candidate is tried.
        const { pending } = fleet.rollouts;
        if (pending) {
          while (world.now < pending.notBefore) world.tick();
          world.rest();
        }
        expect(isQuiescent(fleet)).to.equal(true);
        expect(world.serving()).to.equal(fleet.workers);
        const molds = [...fleet.children.values()].filter(({ role }) => role === 'mold');
        const wanted = fleet.unforkable ? [] : ['frozen'];
        expect(molds.map(({ state }) => state)).to.deep.equal(wanted);
        const { service } = world;
        if (config === withService) {
          expect(service?.state).to.equal('serving');
          expect(service && isOutdated(fleet, service)).to.equal(false);
        }
        expect(fleet.children.size).to.equal(fleet.workers + wanted.length + (service ? 1 : 0));
        expect(fleet.rollouts.pending ?? fleet.rollouts.attempt).to.equal(null);
      }),
      { numRuns: runs(300) },
    );
  });

  it('becomes quiescent with one process in single mode, whatever happens on the way', () => {
    fc.assert(
      fc.property(story, ({ seed, faults, events }) => {
        const world = new World({ ...faults }, seeded(seed), single);
        world.turn();
        for (const { after, what } of events) {
          for (let tick = 0; tick < after; tick++) world.tick();
          if (what === 'phased') world.fleet.rollouts.request('phased restart', 'story', world.now);
          if (what === 'rollback') world.fleet.rollouts.request('rollback', 'story', world.now);
          if (what === 'deaths') world.killAll(({ role }) => role === 'worker');
          if (what === 'grow') world.grow();
          world.turn();
        }
        Object.assign(world.faults, noFaults);
        world.rest();
        expect(isQuiescent(world.fleet)).to.equal(true);
        expect(world.serving()).to.equal(1);
        expect(world.fleet.children.size).to.equal(1);
        expect(world.count('boot') + world.count('spawn')).to.equal(0);
        expect(world.fleet.rollouts.pending ?? world.fleet.rollouts.attempt).to.equal(null);
      }),
      { numRuns: runs(200) },
    );
  });

  const atMost = (max: number) => fc.integer({ min: 0, max });

  it('ends by TERM from any state', function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(story, atMost(200), atMost(3_000), (told, after, delayMs) => {
        const { seed, faults, config } = told;
        const world = new World(faults, seeded(seed), config);
        world.turn();
        for (let tick = 0; tick < after; tick++) {
          if (tick === 40) world.fleet.rollouts.request('refork', 'story', world.now);
          world.tick();
        }
        world.fleet.stop('graceful', world.now + delayMs);
        expect(() => {
          for (let tick = 0; tick < 260; tick++) world.tick();
        }).to.throw(Exited);
        expect(world.exited).to.equal(0);
      }),
      { numRuns: runs(300) },
    );
  });

  it('never has fewer workers than wanted while nothing dies', function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 5 }), (seed, reforks) => {
        const world = bootedWorld(noFaults, seeded(seed));
        world.lowestServing = Infinity;
        for (let refork = 0; refork < reforks; refork++) {
          const kinds = ['refork', 'phased restart', 'rollback'] as const;
          const kind = kinds[Math.floor(world.random() * 3)] ?? 'refork';
          if (refork % 3 === 2) world.fleet.setHotRestart('prepared');
          world.fleet.rollouts.request(kind, 'story', world.now);
          world.turn();
          for (let tick = 0; tick < 150; tick++) world.tick();
        }
        expect(world.lowestServing).to.equal(settings.workers);
      }),
      { numRuns: runs(50) },
    );
  });
});
