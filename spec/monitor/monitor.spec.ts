// Goal: events are recorded, then the plan decides, then its effects are performed, until the last
// child is reaped. Method: a real monitor; its children are processes that do nothing, whose channels
// are in the spec's hands.
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import type { Settings } from '../../lib/config/settings.js';
import { Fleet } from '../../lib/monitor/fleet/fleet.js';
import { hear } from '../../lib/monitor/fleet/hear.js';
import { Monitor } from '../../lib/monitor/monitor.js';
import { carryOut } from '../../lib/monitor/plan/carry-out.js';
import { open } from '../../lib/monitor/start/open.js';
import type { Opened } from '../../lib/monitor/start/opened.js';
import { Channel, orders } from '../../lib/protocol/channel.js';
import type { Order, Report } from '../../lib/protocol/message.js';
import { native } from '../../lib/system/native.js';
import { childPid, type Pid } from '../../lib/system/own-children.js';
import { closeOpened } from '../support/close-opened.js';
import { recordedLog } from '../support/recorded-log.js';
import { scratch } from '../support/scratch.js';
import { settingsOf } from '../support/settings-of.js';
import { until } from '../support/until.js';

const figures = {
  ...{ requests: 7, inFlight: 0, eventLoopLagSeconds: 0 },
  latency: { counts: [7], sumSeconds: 1 },
};

/**
 * A child of this process that libuv does not know of, as a fork of a mold is. Its first act is to
 * write on the witness.
 */
function orphan(witness: number | 'ignore' = 'ignore'): Pid {
  native.becomeSubreaper();
  const command = '(printf x >&3; exec sleep 60 3>&-) >/dev/null 2>&1 & echo $!';
  const stdio = ['ignore', 'pipe', 'ignore', witness] as const;
  const pid = childPid(Number(execFileSync('sh', ['-c', command], { stdio: [...stdio] })));
  if (pid === null) throw new Error('there is no orphan');
  return pid;
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a monitor', () => {
  const directory = scratch();
  let log: ReturnType<typeof recordedLog>;
  let opened: Opened;
  let settings: Settings;
  let fleet: Fleet;
  let monitor: Monitor;
  const onChildEnd = (): void => monitor.reap();

  /** With a mold that has been taken over, whose orders are read below. */
  async function start(): Promise<{ mold: number; moldEnd: number }> {
    log = recordedLog();
    settings = await settingsOf(directory);
    opened = await open(settings, undefined);
    fleet = new Fleet({ workers: 1, backoffMs: 100 });
    carryOut(fleet, { type: 'boot' }, performance.now());
    const [mold] = fleet.children.values();
    if (!mold) throw new Error('there is no mold');
    fleet.started(mold, orphan());
    hear(fleet, mold, { type: 'frozen' }, performance.now());
    const [ours, moldEnd] = native.socketPair();
    const channels = [{ id: mold.id, fd: ours, unread: '', skipping: false }];
    const parts = { ...opened, log, fleet, channels };
    monitor = new Monitor({ ...parts, settings, overrides: {}, credentials: undefined });
    process.on('SIGCHLD', onChildEnd);
    return { mold: mold.pid ?? 0, moldEnd };
  }

  afterEach(() => {
    process.off('SIGCHLD', onChildEnd);
    closeOpened(opened);
  });

  it('fills a slot, notices that it serves, counts it, and stops with it', async () => {
    const { mold, moldEnd } = await start();
    const over = monitor.run();
    const delivered = native.receive(moldEnd);
    expect(JSON.parse(String(delivered?.data))).to.deep.equal({ type: 'spawn', id: 2, slot: 0 });
    const [channelFd = -1, witness = -1, ...listenFds] = delivered?.fds ?? [];
    expect(listenFds, 'the queue of its slot').to.have.length(1);

    const received: Order[] = [];
    const worker = orphan(witness);
    native.closeDescriptor(witness);
    const toMonitor = new Channel<Order, Report>(channelFd, orders(), {
      message: (order) => void received.push(order),
      end: () => undefined,
    });
    const moldOrders: Order[] = [];
    const fromMold = new Channel<Order, Report>(moldEnd, orders(), {
      message: (order) => void moldOrders.push(order),
      end: () => undefined,
    });
    fromMold.send({ type: 'forked', id: 2, durationMs: 3 });
    toMonitor.send({ type: 'born' });
    toMonitor.send({ type: 'serving' });
    toMonitor.send({ type: 'heartbeat', figures, urgent: null });
    await until('the boot', () => fleet.booted);
    expect(log.texts()).to.include.members(['born', 'ready', 'all workers are ready']);
    await until('its figures', () => fleet.get(2)?.figures.requests === 7);
    const scrape = monitor.measurements.collect();
    await until('the question', () => received.some(({ type }) => type === 'measure'));
    expect(await scrape).to.match(/^pitchfork_requests_total 7$/m);

    monitor.operations.stop('graceful', 'story');
    await until('its orders', () => received.some(({ type }) => type === 'drain'));
    expect(received.map(({ type }) => type)).to.deep.equal(['measure', 'announceStop', 'drain']);
    toMonitor.send({ type: 'leaving', figures, metrics: null, cut: 0 });
    await toMonitor.flushed();
    process.kill(worker, 'SIGKILL');
    toMonitor.close();
    await until('the order to the mold', () => moldOrders.length > 0);
    expect(moldOrders).to.deep.equal([{ type: 'retire', last: true }]);
    process.kill(mold, 'SIGKILL');
    fromMold.close();
    expect(await over).to.deep.include({ code: 0 });
    expect([worker, mold].filter(alive)).to.deep.equal([]);
    for (const fd of listenFds) native.closeDescriptor(fd);
  });

  it('replaces a child whose channel could not be handed over', async () => {
    const { mold, moldEnd } = await start();
    const lost = fleet.add(
      { role: 'worker', state: 'serving', slot: 0, generation: 0, phase: 0, parent: 1 },
      performance.now(),
    );
    const worker = orphan();
    fleet.started(lost, worker);
    fleet.hungUp(lost, performance.now());
    const over = monitor.run();
    await until('the kill of the lost one', () => log.texts().includes('killing'), 5_000);
    await until('its end', () => !alive(worker));
    const received: Order[] = [];
    const fromMold = new Channel<Order, Report>(moldEnd, orders(), {
      message: (order) => void received.push(order),
      end: () => undefined,
    });
    await until('a successor', () => received.some(({ type }) => type === 'spawn'));
    monitor.operations.stop('immediate', 'story');
    fromMold.close();
    expect(await over).to.deep.include({ code: 0 });
    expect(alive(mold)).to.equal(false);
  });
});
