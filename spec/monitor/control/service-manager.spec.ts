// Goal: notifications to a service manager follow from the fleet. Method: literal states.
import { expect } from 'chai';
import type { Attempt } from '../../../lib/monitor/fleet/rollouts.js';
import { announcements, watchdogIntervalMs } from '../../../lib/monitor/control/service-manager.js';
import { takeVariables } from '../../../lib/system/service-variables.js';

const attempt = (candidate: number): Attempt => ({
  request: { kind: 'refork', reason: 'a story', tried: new Set(), failures: [], notBefore: 0 },
  candidate,
  phase: 0,
  generation: 1,
  startedAt: 0,
  unforkable: null,
  canary: null,
  canarySince: null,
  proven: false,
  proof: null,
  automatic: false,
  configured: null,
  failure: null,
});

describe('notifications to a service manager', () => {
  const begin = 'RELOADING=1\nMONOTONIC_USEC=7';

  it('report each change once', () => {
    expect(announcements('starting', 'starting', 7n)).to.deep.equal([]);
    expect(announcements('starting', 'ready', 7n)).to.deep.equal(['READY=1']);
    expect(announcements('ready', attempt(1), 7n)).to.deep.equal([begin]);
    expect(announcements(attempt(1), 'ready', 7n)).to.deep.equal(['READY=1']);
    expect(announcements('ready', 'ready', 7n)).to.deep.equal([]);
    for (const before of ['starting', 'ready', attempt(1)] as const)
      expect(announcements(before, 'stopping', 7n)).to.deep.equal(['STOPPING=1']);
  });

  it('report the end of each of two consecutive reloads', () => {
    expect(announcements(attempt(1), attempt(2), 7n)).to.deep.equal(['READY=1', begin]);
  });

  it('come at half of the watchdog’s time, if it is meant for us', () => {
    expect(watchdogIntervalMs({}, 5)).to.equal(null);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '3000000' }, 5)).to.equal(1500);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '5' }, 5)).to.equal(1500);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '6' }, 5)).to.equal(null);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: 'x' }, 5)).to.equal(null);
  });
});

describe('takeVariables', () => {
  it('leaves nothing of a service manager in the environment', () => {
    const environment = { NOTIFY_SOCKET: '/n', LISTEN_FDS: '2', WATCHDOG_USEC: '', PATH: '/bin' };
    expect(takeVariables(environment)).to.deep.equal({ NOTIFY_SOCKET: '/n', LISTEN_FDS: '2' });
    expect(environment).to.deep.equal({ PATH: '/bin' });
  });
});
