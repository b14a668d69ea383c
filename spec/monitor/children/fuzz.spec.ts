// Goal: no input from a child ends the monitor, loses a child, or fails a scrape: it is understood,
// or costs that child. Method: random input (seeded) on real channels, for children in all roles and
// states; what is accepted goes through every part of the monitor that hears reports.
import { expect } from 'chai';
import { Socket } from 'node:net';
import type { Role } from '../../../lib/api/hooks.js';
import { Children } from '../../../lib/monitor/children/children.js';
import type { ChildState } from '../../../lib/monitor/fleet/child.js';
import { Fleet } from '../../../lib/monitor/fleet/fleet.js';
import { hear } from '../../../lib/monitor/fleet/hear.js';
import { logReport } from '../../../lib/monitor/log/report-lines.js';
import { Backtraces } from '../../../lib/monitor/observe/backtraces.js';
import { Measurements } from '../../../lib/monitor/observe/measurements.js';
import type { Report } from '../../../lib/protocol/message.js';
import { native } from '../../../lib/system/native.js';
import { Fuzz, fuzzMs, fuzzSeed } from '../../support/fuzz.js';
import { recordedLog } from '../../support/recorded-log.js';
import { seeded } from '../../support/seeded.js';
import { somePid } from '../../support/some-pid.js';

const roles: readonly Role[] = ['mold', 'worker', 'service'];
const states: readonly ChildState[] = [
  ...(['booting', 'spawning', 'starting', 'serving'] as const),
  ...(['promoting', 'frozen', 'leaving', 'killed'] as const),
];

const mostScrapes = 3;

/** A monitor without its plan, and one child of a role in a state. */
function family(role: Role, state: ChildState) {
  const fleet = new Fleet({ workers: 1, backoffMs: 0 });
  const made = { role, state, slot: 0, generation: 0, phase: 0 } as const;
  const child = fleet.add({ ...made, parent: null }, 0);
  const other = fleet.add({ ...made, role: 'worker', state: 'serving', parent: child.id }, 0);
  for (const one of [child, other]) fleet.started(one, somePid(1_000_000_000 + one.id));
  const log = recordedLog();
  const measurements = new Measurements(
    fleet,
    () => undefined,
    () => 0,
  );
  const backtraces = new Backtraces({ fleet, send: () => undefined, askForStack: () => undefined });
  const counts = { accepted: 0, refused: 0, ended: false };
  const heard = (report: Report): void => {
    const breach = hear(fleet, child, report, 1);
    if (breach !== null) return void counts.refused++;
    counts.accepted++;
    measurements.hear(child, report);
    backtraces.hear(child, report);
    logReport(log, child, report, 1);
  };
  const children = new Children(
    {
      report: (_id, report) => heard(report),
      hungUp: () => (counts.ended = true),
      broke: (_id, rule) => {
        expect(rule).to.match(/\S/).and.to.have.length.below(2_001);
        counts.refused++;
        counts.ended = true;
      },
      lostSnapshot: (id) => void measurements.lost(id),
      ended: () => undefined,
    },
    { credentials: undefined },
  );
  return { fleet, child, other, children, measurements, counts };
}

describe(`a fuzzed channel (PITCHFORK_FUZZ_SEED=${fuzzSeed})`, () => {
  it('costs the child at most', async function () {
    const ms = fuzzMs(8_000);
    this.timeout(ms + 60_000);
    const random = seeded(fuzzSeed);
    const fuzz = new Fuzz(random, [1, 2, process.pid]);
    const deadline = performance.now() + ms;
    const total = { accepted: 0, refused: 0 };
    let scrapes = 0;
    while (performance.now() < deadline || total.accepted < 100 || total.refused < 100) {
      const role = roles[Math.floor(random() * roles.length)] ?? 'worker';
      const state = states[Math.floor(random() * states.length)] ?? 'serving';
      const { fleet, child, other, children, measurements, counts } = family(role, state);
      const [ours, theirs] = native.socketPair();
      children.adopt({ id: child.id, fd: ours, unread: '', skipping: false });
      const socket = new Socket({ fd: theirs });
      socket.on('error', () => undefined); // It was cut off.
      for (let sent = 0; sent < 10; sent++) socket.write(fuzz.next());
      socket.end();
      while (!counts.ended) await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
      total.accepted += counts.accepted;
      total.refused += counts.refused;
      expect([...fleet.children.keys()], 'children in the books').to.include.members([1, 2]);
      expect(other.state, 'the state of another child').to.equal('serving');
      // Workers that never answer hold up each first scrape for seconds.
      if (scrapes < mostScrapes && random() < 0.05) {
        scrapes++;
        expect(await measurements.collect()).to.include('pitchfork_');
      }
    }
  });
});
