// Goal: a newborn shares with its parent only what it should. Method: fixture programs under every
// supported Node, compared from outside by kcmp(2) and /proc.
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { native } from '../../lib/system/native.js';
import { supportedNodes } from '../support/nodes.js';
import { processState, runFixture, startFixture, until } from './run-fixture.js';

/** kcmp(2) of all pairs of epoll sets, eventfds and pipes that two processes made. */
const sharedDescriptors = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def made(pid):
    for fd in os.listdir(f'/proc/{pid}/fd'):
        target = os.readlink(f'/proc/{pid}/fd/{fd}')
        flags = int(open(f'/proc/{pid}/fdinfo/{fd}').read().split('flags:')[1].split()[0], 8)
        if flags & 0o2000000 and (target.startswith('pipe') or 'event' in target): yield int(fd), target
a, b = int(sys.argv[1]), int(sys.argv[2])
for x, target in made(a):
    for y, _ in made(b):
        order = libc.syscall(312, a, b, 0, x, y)
        if order < 0: sys.exit('kcmp: ' + os.strerror(ctypes.get_errno()))
        if order == 0: print(x, y, target)
print('compared', len(list(made(a))), len(list(made(b))))
`;

for (const node of supportedNodes())
  describe(`a newborn under Node ${node.version}`, () => {
    for (const how of ['fork', 'forkSibling'])
      it(`made by ${how} shares no epoll set, eventfd or self-pipe with its parent`, async () => {
        const pair = startFixture(node, 'pair', [how]);
        try {
          const [, parent = ''] = await pair.line(/^parent (\d+)/);
          const [, newborn = ''] = await pair.line(/^newborn (\d+)/);
          const args = ['-c', sharedDescriptors, parent, newborn];
          const report = execFileSync('python3', args, { encoding: 'utf8' });
          expect(report).to.match(/^compared \d{2} \d{2}\n$/);
        } finally {
          await pair.end();
        }
      });

    it('is the subreaper’s from its first moment when it is a sibling', async () => {
      const { code, lines, errors } = await runFixture(node, 'sibling', ['30']);
      expect(code, errors).to.equal(0);
      expect(lines).to.include('all were handed over');
    });

    it('draws random numbers of its own, from references of its parent’s too', async () => {
      const { lines, errors } = await runFixture(node, 'random');
      expect(
        lines.filter((line) => line === 'reseeded true'),
        errors,
      ).to.have.length(2);
      const drawn = lines.flatMap((line) => (/^drawn (.*)/.exec(line)?.[1] ?? '').split(' '));
      const numbers = drawn.filter(Boolean);
      expect(numbers).to.have.length(12);
      expect(new Set(numbers).size).to.equal(12);
    });

    it('leaves the flags of a shared stdout alone, however it ends', async () => {
      const { code, lines, errors } = await runFixture(node, 'stdio-flags');
      expect(code, errors).to.equal(0);
      expect(lines.filter((line) => line.endsWith(' kept'))).to.have.length(10);
      expect(lines).to.include('SIGTERM SIGTERM kept');
      expect(lines).to.include('SIGINT SIGINT kept');
    });

    for (const graceMs of [0, 300])
      it(`in an endless loop dies ${graceMs} ms after its monitor`, async () => {
        const monitor = startFixture(node, 'monitor-dies', [String(graceMs)]);
        try {
          const pid = Number((await monitor.line(/^armed (\d+)/))[1]);
          const start = performance.now();
          process.kill(monitor.pid, 'SIGKILL');
          await until('the child has died', 5000, () =>
            ['Z', 'X', undefined].includes(processState(pid)?.state),
          );
          expect(performance.now() - start).to.be.at.least(graceMs * 0.9);
        } finally {
          await monitor.end();
        }
      });
  });

describe('a process that is frozen in receive', () => {
  for (const node of supportedNodes())
    it(`notices a signal from just before, or from a fork, under Node ${node.version}`, async () => {
      const [mine, theirs] = native.socketPair();
      const frozen = startFixture(node, 'signal-before-receive', [], [theirs]);
      native.closeDescriptor(theirs);
      const { code, lines, errors } = await frozen.outcome;
      native.closeDescriptor(mine);
      expect(code, errors).to.equal(0);
      expect(lines).to.deep.equal([
        'received nothing, handled 0',
        'handled 1',
        'received nothing, handled 1',
        'handled 2',
      ]);
    });

  it('uses no CPU and runs no timer, and answers at once', async () => {
    const [mine, theirs] = native.socketPair();
    const [node] = supportedNodes();
    if (!node) throw new Error('no Node');
    const frozen = startFixture(node, 'frozen', [], [theirs]);
    native.closeDescriptor(theirs);
    try {
      await frozen.line(/^frozen/);
      await until('it blocks', 5000, () => processState(frozen.pid)?.state === 'S');
      const before = processState(frozen.pid)?.ticks ?? NaN;
      // The one wait for a length of time: there is nothing to wait for, which is the point.
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect((processState(frozen.pid)?.ticks ?? NaN) - before).to.be.at.most(1);
      native.send(mine, 'hello', []);
      expect(native.receive(mine)?.data.toString()).to.equal('hello after 0 ticks');
      native.closeDescriptor(mine);
      expect((await frozen.outcome).code).to.equal(0);
    } finally {
      await frozen.end();
    }
  });
});
