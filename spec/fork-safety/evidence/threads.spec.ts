// Goal: the threads that an option or a preloaded module started are told from Node's own, by their
// names where Node names its own, and by their number elsewhere.
import { expect } from 'chai';
import { readNodeOptions } from '../../../lib/fork-safety/evidence/node-options.js';
import {
  namesOfNew,
  startedBeforeApp,
  type Thread,
} from '../../../lib/fork-safety/evidence/threads.js';

const named = (...names: string[]): Thread[] =>
  names.map((name, index) => ({ tid: index + 1, name }));
const repeat = (count: number, name: string): string[] => Array<string>(count).fill(name);

/** Of Node 20, which names none. */
const node20 = repeat(11, 'node');
const node26 = [
  'node-MainThread',
  'DelayedTaskSche',
  ...repeat(4, 'node-V8Worker'),
  'SignalInspector',
  ...repeat(4, 'libuv-worker'),
];

const early = (names: string[], argv: string[] = [], poolSize?: string): string[] =>
  startedBeforeApp(named(...names), readNodeOptions(argv, {}), poolSize);

describe('startedBeforeApp', () => {
  it('knows the threads of a plain Node', () => {
    expect(early(node20)).to.deep.equal([]);
    expect(early(node26)).to.deep.equal([]);
  });

  it('counts what has no name, and names what has one', () => {
    expect(early([...node20, 'node'])).to.deep.equal(['']);
    expect(early([...node20, 'v8:ProfEvntProc'])).to.deep.equal(['v8:ProfEvntProc']);
    expect(early([...node26, 'WorkerThread'])).to.deep.equal(['WorkerThread']);
  });

  it('goes by the options that change the number', () => {
    expect(early(node20.slice(3), ['--v8-pool-size=1'])).to.deep.equal([]);
    expect(early(node20.slice(2), ['--v8-pool-size', '1'])).to.deep.equal(['']);
    expect(early(node20.slice(1), ['--disable-sigusr1'])).to.deep.equal([]);
    expect(early([...node20, ...repeat(4, 'node')], [], '8')).to.deep.equal([]);
    expect(early(node20.slice(3), [], '0')).to.deep.equal([]);
  });
});

describe('namesOfNew', () => {
  it('gives the names of the threads that came', () => {
    const before = named('node', 'node');
    const now = [...before, { tid: 3, name: 'libvips worker' }, { tid: 4, name: 'node' }];
    expect(namesOfNew(now, before)).to.deep.equal(['libvips worker', '']);
  });

  it('knows an inherited name after a change of title', () => {
    const before = named('node');
    const now = [
      { tid: 1, name: 'pitchfork-ts (g' },
      { tid: 2, name: 'pitchfork-ts (g' },
    ];
    expect(namesOfNew(now, before)).to.deep.equal(['']);
  });
});

describe('readNodeOptions', () => {
  it('reads both ways to write an option, of both places', () => {
    const options = readNodeOptions(['--import', 'tsx', '--prof'], {
      NODE_OPTIONS: ' --a=b  --c ',
    });
    expect(options).to.deep.equal([
      { option: '--a', value: 'b' },
      { option: '--c', value: '' },
      { option: '--import', value: 'tsx' },
      { option: '--prof', value: '' },
    ]);
  });
});
