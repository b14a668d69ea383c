// Goal: reap and peekEndedChild report real children, and native functions refuse invalid
// arguments. Method: children that exit in different ways, under every supported Node, and calls
// that must throw.
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { native } from '../../lib/system/native.js';
import { until } from '../support/until.js';
import { supportedNodes } from '../support/nodes.js';
import { refusal } from './refusal.js';
import { runFixture } from './run-fixture.js';

const { SIGKILL } = constants.signals;

describe('reap', () => {
  for (const node of supportedNodes())
    it(`reports each child's exit once under Node ${node.version}`, async () => {
      const { code, errors } = await runFixture(node, 'reaping');
      expect(code, errors).to.equal(0);
    });

  it('skips processes that are not children or have not exited', async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    expect(native.reap([child.pid ?? 0, 1, process.pid])).to.deep.equal([]);
    expect(native.peekEndedChild()).to.equal(null);
    child.stdin?.end();
    await once(child, 'close');
  });
});

describe('a pid', () => {
  it('is signalled only while it is that of an unreaped child', async () => {
    const child = spawn('sleep', ['1000']);
    const ended = once(child, 'exit');
    const { pid = 0 } = child;
    expect([pid, process.ppid, process.pid].map((one) => native.isChild(one))).to.deep.equal([
      true,
      false,
      false,
    ]);
    expect(native.signalChild(process.ppid, SIGKILL), 'a stranger').to.equal(false);
    expect(native.signalChild(pid, SIGKILL)).to.equal(true);
    expect((await ended)[1]).to.equal('SIGKILL');
    expect(native.signalChild(pid, SIGKILL), 'once reaped').to.equal(false);
    expect(refusal(() => native.askForStack(process.ppid))?.code).to.equal('ESRCH');
  });

  it('comes from the kernel, with the first byte on a witness pair', async () => {
    const [ours, theirs] = native.witnessPair();
    expect(native.sender(ours), 'before any byte').to.equal(null);
    const child = spawn('sh', ['-c', 'printf x >&3; read never'], {
      stdio: ['pipe', 'ignore', 'ignore', theirs],
    });
    const sender = await until('the byte', () => native.sender(ours));
    expect(sender).to.equal(child.pid);
    native.closeDescriptor(theirs);
    child.stdin?.end();
    await once(child, 'exit');
    expect(native.sender(ours), 'at the end').to.equal(null);
    native.closeDescriptor(ours);
  });

  it('comes without descriptors that are sent along', () => {
    const [ours, theirs] = native.witnessPair();
    const before = readdirSync('/proc/self/fd').length;
    native.send(theirs, 'x', [0, 1, 2]);
    expect(native.sender(ours)).to.equal(process.pid);
    expect(readdirSync('/proc/self/fd')).to.have.length(before);
    for (const fd of [ours, theirs]) native.closeDescriptor(fd);
  });
});

describe('native functions', () => {
  it('throw an Error with a code for invalid arguments', () => {
    const calls: Record<string, unknown[][]> = {
      send: [[], [-1, 'x', []], ['3', 'x', []], [3, 4, []], [3, '', []], [3, 'x', ['y']]],
      receive: [[], [-1], [NaN], [{}]],
      listenTcp: [[], [null], [{}]],
      listenUnix: [
        [],
        [{ path: '/x', backlog: -1, mode: 0o600 }],
        [{ path: '/x', mode: 8 }],
        [{ path: '/x', backlog: 8, mode: 0o600, uid: -1 }],
        [{ path: '/x', backlog: 8, mode: 0o600, gid: 2 ** 32 - 1 }],
      ],
      eraseVariable: [[], [''], ['a\0b']],
      boundPort: [[], [-5]],
      findListener: [[], [0], [65536]],
      replaceDescriptor: [[], [1], [1, -1]],
      duplicateDescriptor: [[], ['1']],
      closeDescriptor: [[], [1e10]],
      dieWithMonitor: [[], [0, 5], [1, -1], [1, '5']],
      reap: [[], [3], [['x']], [[0]], [[-1]]],
      isChild: [[], [0], [1], [-1], [NaN]],
      signalChild: [[], [0, 9], [1, 9], [-1, 9], [2, 0], [2, 65]],
      askForStack: [[], [0], [1], [-1]],
      sender: [[], [-1]],
    };
    for (const [name, list] of Object.entries(calls))
      for (const args of list) {
        const error = refusal(() => {
          (native as unknown as Record<string, (...args: unknown[]) => void>)[name]?.(...args);
        });
        expect(error?.code, `${name}(${JSON.stringify(args)})`).to.equal('EINVAL');
        expect(error?.message).to.match(new RegExp(`^EINVAL: ${name}: `));
      }
  });

  it('rethrow the exception of a getter', () => {
    const listener = {
      get address(): string {
        throw new Error('expected');
      },
    };
    const listen = () =>
      native.listenTcp(listener as unknown as Parameters<typeof native.listenTcp>[0]);
    expect(refusal(listen)?.message).to.equal('expected');
  });

  it('refuse 65 descriptors in a message', () => {
    expect(refusal(() => native.send(1, 'x', new Array<number>(65).fill(1)))?.message).to.equal(
      'EINVAL: send: fds: expected an array of at most 64 integers',
    );
  });

  it('throw EBADF for a descriptor that is not open', () => {
    const calls = [
      () => native.boundPort(100_000),
      () => native.duplicateDescriptor(100_000),
      () => native.closeDescriptor(100_000),
      () => native.replaceDescriptor(100_000, 100_001),
    ];
    for (const call of calls) expect(refusal(call)?.code).to.equal('EBADF');
  });

  it('report the own pid', () => {
    expect(native.pid()).to.equal(process.pid);
    expect(native.activeRequests()).to.be.at.least(0);
    expect(native.rememberMappings()).to.be.greaterThan(0);
    expect(() => {
      native.collectGarbage();
      native.trimMalloc();
    }).not.to.throw();
  });

  it('fork only on the main thread', async () => {
    const addon = fileURLToPath(
      new URL(
        `../../../build/native/pitchfork-linux-${process.arch}-${process.versions.modules}.node`,
        import.meta.url,
      ),
    );
    expect(createRequire(import.meta.url)(addon)).to.have.property('fork');
    const program = `
      const native = require(${JSON.stringify(addon)});
      const codes = ['fork', 'forkSibling', 'exitWithoutShutdown'].map((name) => {
        try { native[name](); } catch (error) { return error.code; }
      });
      require('node:worker_threads').parentPort.postMessage(codes);`;
    const [codes] = (await once(new Worker(program, { eval: true }), 'message')) as [string[]];
    expect(codes).to.deep.equal(['EPERM', 'EPERM', 'EPERM']);
  });
});
