// Goal: the next program has everything that its predecessor held, and does without parts that
// cannot be opened. Method: a fresh start's sockets are handed over within this process, to other
// settings.
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Settings } from '../../../lib/config/settings.js';
import type { HandOver } from '../../../lib/monitor/hot-restart/hand-over.js';
import { takeOver } from '../../../lib/monitor/hot-restart/take-over.js';
import { Measurements } from '../../../lib/monitor/observe/measurements.js';
import { open } from '../../../lib/monitor/start/open.js';
import type { Opened } from '../../../lib/monitor/start/opened.js';
import { closeOpened } from '../../support/close-opened.js';
import { freePort } from '../../support/free-port.js';
import { scratch } from '../../support/scratch.js';
import { settingsOf } from '../../support/settings-of.js';

const directory = scratch();
const path = (name: string): string => join(directory.path, name);

const token = 'x'.repeat(32);

async function handOverOf(
  { endpoints, fleet, listeners }: Opened,
  settings: Settings,
): Promise<HandOver> {
  const nothing = () => undefined;
  const handOver: HandOver = {
    fleet: fleet.record(performance.now()),
    configuredWorkers: settings.workers,
    channels: [],
    listeners: listeners.held,
    control: endpoints.control,
    remoteControl: endpoints.remoteControl?.port ?? null,
    metrics: endpoints.metrics?.port ?? null,
    pidfile: settings.pidfile,
    measurements: await new Measurements(fleet, nothing, () => 0).record(),
    logLinesDropped: 2,
  };
  return JSON.parse(JSON.stringify(handOver)) as HandOver;
}

describe('a take-over', () => {
  let opened: Opened | undefined;
  let metrics: number;
  let handOver: HandOver;

  const same = (): string =>
    `metrics: { listen: '127.0.0.1:${metrics}' }, pidfile: './pid',
     remoteControl: { listen: '127.0.0.1:0', token: '${token}' },`;

  beforeEach(async () => {
    metrics = freePort();
    const settings = await settingsOf(directory, same());
    opened = await open(settings, undefined);
    handOver = await handOverOf(opened, settings);
  });

  afterEach(() => {
    if (opened) closeOpened(opened);
    opened = undefined;
  });

  async function next(properties: string): Promise<Opened> {
    const settings = await settingsOf(directory, properties);
    opened = await takeOver(handOver, settings, undefined);
    return opened;
  }

  it('keeps every socket of the same address, and the pid file', async () => {
    const { endpoints, listeners, log } = await next(same());
    expect(listeners.held).to.deep.equal(handOver.listeners);
    expect(endpoints.control).to.deep.equal(handOver.control);
    expect(endpoints.remoteControl?.port).to.deep.equal(handOver.remoteControl);
    expect(endpoints.metrics?.port).to.deep.equal(handOver.metrics);
    expect(existsSync(path('pid'))).to.equal(true);
    expect(log.dropped()).to.equal(2);
  });

  it('requests the phased restart that brings new code to the workers', async () => {
    const { fleet } = await next(same());
    expect(fleet.restarts).to.equal(1);
    expect(fleet.rollouts.pending).to.include({ kind: 'phased restart', reason: 'hot restart' });
  });

  it('moves what the configuration moves, and closes what it no longer has', async () => {
    const { endpoints } = await next(`control: './moved.sock', metrics: false,`);
    expect(endpoints.control.path).to.equal(path('moved.sock'));
    expect(existsSync(path('control.sock'))).to.equal(false);
    expect(endpoints).to.include({ remoteControl: null, metrics: null, pidFile: null });
    expect(existsSync(path('pid'))).to.equal(false);
    const server = createServer().listen(metrics, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  });

  it('does without a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    try {
      const { endpoints, fleet } = await next(`metrics: { listen: '127.0.0.1:${port}' },`);
      expect(endpoints.metrics).to.equal(null);
      expect(endpoints.control).to.deep.equal(handOver.control);
      expect(fleet.restarts).to.equal(1);
    } finally {
      server.close();
    }
  });

  it('keeps the control socket where it is if it cannot move', async () => {
    directory.write('taken', 'a file');
    const { endpoints } = await next(`control: './taken',`);
    expect(endpoints.control).to.deep.equal(handOver.control);
  });

  it('logs to standard output if its file cannot be opened', async () => {
    const { log } = await next(`log: { level: 'silent', file: './no/such/directory/log' },`);
    expect(log.reopen()).to.equal(false);
  });
});
