// Goal: the number of workers follows TTIN and TTOU, however fast they arrive, and never falls
// below one. Method: bursts of signals, and the equivalent commands.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { expect } from 'chai';
import { runCommand } from '../support/command.js';
import { expectPostConditions } from '../support/post-conditions.js';
import { Server, fixtureApp } from '../support/server.js';

const app = fixtureApp('plain.mjs');

function isPending(pid: number, signal: 'SIGTTIN' | 'SIGTTOU'): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const bit = 1n << BigInt(constants.signals[signal] - 1);
  return [...status.matchAll(/^(?:Sig|Shd)Pnd:\t([0-9a-f]+)$/gm)].some(
    ([, mask]) => (BigInt(`0x${mask}`) & bit) !== 0n,
  );
}

describe('the number of workers', () => {
  let server: Server;
  afterEach(() => server.destroy());

  /** As fast as the kernel allows: a pending signal swallows the next of its kind. */
  const burst = (signal: 'SIGTTIN' | 'SIGTTOU', times: number): void => {
    for (let sent = 0; sent < times; sent++) {
      server.signal(signal);
      while (isPending(server.pid, signal));
    }
  };

  it('follows bursts of TTOU and TTIN (S7)', async () => {
    server = await Server.start({ app, workers: 5 });
    burst('SIGTTOU', 3);
    await server.logged('number of workers changed', { workers: 2 });
    await expectPostConditions(server, { workers: 2 });
    burst('SIGTTIN', 3);
    await server.logged('number of workers changed', { workers: 5 });
    await expectPostConditions(server, { workers: 5 });
    await server.stop();
  });

  it('never falls below one (S7)', async () => {
    server = await Server.start({ app, workers: 2 });
    burst('SIGTTOU', 10);
    await server.logged('number of workers changed', { workers: 1 });
    await expectPostConditions(server, { workers: 1 });
    const refused = await runCommand(['remove-worker', '--control', server.control]);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/one worker is the least/);
    await expectPostConditions(server, { workers: 1 });
    await server.stop();
  });

  it('ends where opposite bursts leave it', async () => {
    server = await Server.start({ app, workers: 2 });
    for (let round = 0; round < 3; round++) {
      burst('SIGTTIN', 2);
      burst('SIGTTOU', 2);
    }
    await server.ask('POST', '/workers/add');
    await expectPostConditions(server, { workers: 3 });
    expect(server.log('number of workers changed')).to.have.lengthOf(13);
    await server.stop();
  });

  it('is changed by the commands too', async () => {
    server = await Server.start({ app, workers: 1 });
    const added = await runCommand(['add-worker', '--control', server.control]);
    expect(added).to.include({ code: 0, stderr: '' });
    await expectPostConditions(server, { workers: 2 });
    const removed = await runCommand(['remove-worker', '--control', server.control]);
    expect(removed).to.include({ code: 0, stderr: '' });
    await expectPostConditions(server, { workers: 1 });
    await server.stop();
  });
});
