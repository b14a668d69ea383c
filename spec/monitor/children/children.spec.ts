// Goal: each child's reports are read to the last, then it is reaped; none is confused with
// another. Method: real channels and real processes, of an app that cannot be loaded.
import { expect } from 'chai';
import { Children } from '../../../lib/monitor/children/children.js';
import { newChild, type Child } from '../../../lib/monitor/fleet/child.js';
import { native } from '../../../lib/system/native.js';
import { scratch } from '../../support/scratch.js';
import { until } from '../../support/until.js';

function child(id: number, role: 'mold' | 'worker' = 'worker'): Child {
  const made = { role, state: 'booting', slot: 0, generation: 0, phase: 0, parent: null } as const;
  return newChild(id, made, { workers: 1, queues: 1 }, 0);
}

function listening() {
  const heard: unknown[][] = [];
  const children = new Children(
    {
      report: (id, report) => void heard.push(['report', id, report.type]),
      hungUp: (id) => void heard.push(['hungUp', id]),
      broke: (id, rule) => void heard.push(['broke', id, rule]),
      lostSnapshot: (id) => void heard.push(['lostSnapshot', id]),
      ended: (_pid, code, signal) => void heard.push(['ended', code, signal]),
    },
    { credentials: undefined, stdout: 2 },
  );
  return { children, heard };
}

describe('children', () => {
  const files = scratch();

  it('are heard on a channel that was taken over, from its first unread byte on', async () => {
    const { children, heard } = listening();
    const [ours, theirs] = native.socketPair();
    const message = `${JSON.stringify({ type: 'serving' })}\n`;
    const unread = Buffer.from(message.slice(0, 5)).toString('base64');
    children.adopt({ id: 7, fd: ours, unread, skipping: false });
    native.send(theirs, message.slice(5), []);
    await until('the report', () => heard.length > 0);
    native.closeDescriptor(theirs);
    await until('the end', () => heard.length > 1);
    expect(heard).to.deep.equal([
      ['report', 7, 'serving'],
      ['hungUp', 7],
    ]);
    children.forget(7);
    expect(children.channels()).to.deep.equal([]);
  });

  it('cannot be ordered from a mold that has no channel', () => {
    const { children } = listening();
    const order = (): void => children.order(child(2), child(1, 'mold'), []);
    expect(order).to.throw('the mold has no channel');
    expect(children.channels(), 'no channel is left for it').to.deep.equal([]);
  });

  it('get an order to fork with the channel of the newborn and its sockets', async () => {
    const { children, heard } = listening();
    const [ours, theirs] = native.socketPair();
    children.adopt({ id: 1, fd: ours, unread: '', skipping: false });
    const [extra, other] = native.socketPair();
    children.order(child(2), child(1, 'mold'), [extra]);
    const received = native.receive(theirs);
    expect(JSON.parse(String(received?.data))).to.deep.equal({ type: 'spawn', id: 2, slot: 0 });
    expect(received?.fds).to.have.length(3);
    const [channel = -1] = received?.fds ?? [];
    native.send(channel, `${JSON.stringify({ type: 'born' })}\n`, []);
    await until('the newborn', () => heard.length > 0);
    expect(heard).to.deep.equal([['report', 2, 'born']]);
    for (const id of [1, 2]) children.forget(id);
    for (const fd of [theirs, extra, other, ...(received?.fds ?? [])]) native.closeDescriptor(fd);
  });

  it('that are booted have their last report read before their end', async () => {
    const file = files.write('pitchfork.conf.mjs', `throw new Error('story');`);
    const { children, heard } = listening();
    const made = { role: 'mold', slot: null, generation: 0, phase: 0 } as const;
    const pid = children.boot(
      child(1, 'mold'),
      [],
      { type: 'boot', file, overrides: {}, ...made },
      [],
    );
    expect(pid).to.be.above(1);
    await until('its end', () => heard.some(([what]) => what === 'ended'));
    expect(heard).to.deep.equal([
      ['report', 1, 'born'],
      ['report', 1, 'failed'],
      ['hungUp', 1],
      ['ended', 1, null],
    ]);
    children.forget(1);
  });
});
