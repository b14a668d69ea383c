// Goal: a fresh start has everything open, or nothing. Method: real ports and paths, of which one is
// taken each time.
import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { UserError } from '../../../lib/base/user-error.js';
import type { Settings } from '../../../lib/config/settings.js';
import { open } from '../../../lib/monitor/start/open.js';
import { closeOpened } from '../../support/close-opened.js';
import { freePort } from '../../support/free-port.js';
import { scratch } from '../../support/scratch.js';
import { settingsOf } from '../../support/settings-of.js';

const directory = scratch();
const path = (name: string): string => join(directory.path, name);

interface Ports {
  readonly listen: number;
  readonly remoteControl: number;
  readonly metrics: number;
}

async function someSettings(): Promise<{ settings: Settings; ports: Ports }> {
  const ports = {
    listen: freePort(),
    remoteControl: freePort(),
    metrics: freePort(),
  };
  const settings = await settingsOf(
    directory,
    `listen: '127.0.0.1:${ports.listen}',
     remoteControl: { listen: '127.0.0.1:${ports.remoteControl}', token: '${'x'.repeat(32)}' },
     metrics: { listen: '127.0.0.1:${ports.metrics}' },
     pidfile: './pid',`,
  );
  return { settings, ports };
}

async function listening(on: number | string): Promise<Server> {
  const server =
    typeof on === 'number' ? createServer().listen(on, '127.0.0.1') : createServer().listen(on);
  await once(server, 'listening');
  return server;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a fresh start', () => {
  it('opens the sockets and the pid file, with an empty fleet', async () => {
    const { settings, ports } = await someSettings();
    const opened = await open(settings, undefined);
    try {
      expect(opened.listeners.addresses()).to.deep.equal([`http://127.0.0.1:${ports.listen}`]);
      expect(opened.endpoints.control.path).to.equal(path('control.sock'));
      expect(opened.endpoints.remoteControl?.port.port).to.equal(ports.remoteControl);
      expect(opened.endpoints.metrics?.port.port).to.equal(ports.metrics);
      expect(readFileSync(path('pid'), 'utf8')).to.equal(`${process.pid}\n`);
      expect(opened.channels).to.deep.equal([]);
      expect(opened.fleet).to.deep.include({ workers: 1, restarts: 0, booted: false });
      expect(opened.fleet.rollouts.pending).to.equal(null);
    } finally {
      closeOpened(opened);
    }
    expect(existsSync(path('control.sock'))).to.equal(false);
    expect(existsSync(path('pid'))).to.equal(false);
  });

  const closing = (server: Server) => () => closed(server);

  const takers: Record<string, (ports: Ports) => Promise<() => Promise<void> | void>> = {
    'the port of the app': async ({ listen }) => closing(await listening(listen)),
    'the control socket': async () => closing(await listening(path('control.sock'))),
    'the port of remote control': async ({ remoteControl }) =>
      closing(await listening(remoteControl)),
    'the pid file': async () => {
      directory.write('pid', `${process.ppid}\n`);
      return () => undefined;
    },
    'the port of metrics': async ({ metrics }) => closing(await listening(metrics)),
  };

  for (const [what, take] of Object.entries(takers))
    it(`closes everything if ${what} is taken`, async () => {
      const { settings, ports } = await someSettings();
      const giveBack = await take(ports);
      const error = await rejection(open(settings, undefined));
      await giveBack();
      expect(error).to.be.instanceOf(UserError);
      for (const port of [ports.listen, ports.remoteControl, ports.metrics])
        await closed(await listening(port));
      expect(existsSync(path('control.sock'))).to.equal(false);
      expect(existsSync(path('pid'))).to.equal(what === 'the pid file');
    });
});
