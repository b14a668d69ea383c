// Goal: each way in which a child ends has its reason, as a value and in words. Method: children of
// a fleet, in every state that matters.
import { expect } from 'chai';
import type { ExitReason } from '../../../lib/control-api/exit-reason.js';
import {
  markAboveMemoryLimit,
  markKilled,
  markRequestTimedOut,
} from '../../../lib/monitor/fleet/child.js';
import type { Child } from '../../../lib/monitor/fleet/child.js';
import { describeChildEnd, exitReason } from '../../../lib/monitor/fleet/exit-reason.js';
import { Fleet } from '../../../lib/monitor/fleet/fleet.js';

const made = {
  role: 'worker',
  state: 'serving',
  slot: 0,
  generation: 0,
  phase: 0,
  parent: null,
} as const;
const child = (change: (child: Child) => void = () => undefined): Child => {
  const one = new Fleet({ workers: 1, backoffMs: 0 }).add(made, 0);
  change(one);
  return one;
};

const code = (number: number) => ({ code: number, signal: null, outOfMemory: false });
const signal = (name: string, outOfMemory: boolean | null = false) => ({
  code: null,
  signal: name,
  outOfMemory,
});
const killed = child((one) => {
  markKilled(one, 'heartbeat');
  markKilled(one, 'asked');
});

describe('the reason for an exit', () => {
  const cases: [
    what: string,
    child: Child,
    end: Parameters<typeof exitReason>[1],
    asked: boolean,
    reason: ExitReason,
  ][] = [
    ['an exit in obedience', child(), code(0), true, 'asked'],
    ['an exit of its own accord', child(), code(0), false, 'code'],
    ['a failure on the way out', child(), code(1), true, 'code'],
    ['a foreign signal', child(), signal('SIGKILL'), false, 'signal'],
    ['a foreign signal on the way out', child(), signal('SIGTERM'), true, 'signal'],
    ['a kill that nothing explains', child(), signal('SIGKILL', null), false, 'signal'],
    ['a kill by the kernel', child(), signal('SIGKILL', true), false, 'oom'],
    ['a kill by the monitor: its first reason', killed, signal('SIGKILL'), false, 'heartbeat'],
    ['a replacement for its memory', child(markAboveMemoryLimit), code(0), true, 'memory'],
    ['a replacement after a timeout', child(markRequestTimedOut), code(0), true, 'request_timeout'],
    ['a crash of a large worker', child(markAboveMemoryLimit), code(1), false, 'code'],
  ];
  for (const [what, one, end, asked, reason] of cases)
    it(`of ${what} is ${reason}`, () => {
      expect(exitReason(one, end, asked)).to.equal(reason);
    });

  it('in words says what is known of a SIGKILL', () => {
    const words = (outOfMemory: boolean | null) =>
      describeChildEnd(child(), signal('SIGKILL', outOfMemory));
    expect(words(true)).to.equal('SIGKILL: the kernel killed it, out of memory');
    expect(words(false)).to.equal('SIGKILL: not sent by pitchfork-ts');
    expect(words(null)).to.equal('SIGKILL: not sent by pitchfork-ts; out of memory? see dmesg');
    expect(describeChildEnd(killed, signal('SIGKILL'))).to.equal('SIGKILL');
  });

  it('in words explains codes and other signals', () => {
    expect(describeChildEnd(child(), code(13))).to.match(/^exit code 13: a top-level await/);
    expect(describeChildEnd(child(), signal('SIGSEGV'))).to.match(/^SIGSEGV: .*native code/);
    expect(describeChildEnd(child(), signal('SIGUSR1'))).to.equal(
      'SIGUSR1: not sent by pitchfork-ts',
    );
  });
});
