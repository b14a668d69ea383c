// Goal: reap and peekEndedChild report real children, and native functions refuse invalid
// arguments. Method: children that exit in different ways, under every supported Node, and calls
// that must throw.
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { native } from '../../lib/system/native.js';
import { supportedNodes } from '../support/nodes.js';
import { refusal } from './refusal.js';
import { runFixture } from './run-fixture.js';

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
