// Goal: the kernel's count of kills is found wherever the machine keeps it. Method: directories as
// in cgroup v2, v1 and containers of both, with the texts of the kernel.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { oomKillsOf } from '../../../lib/system/proc/oom-kills.js';

const events = (kills: number) => `low 0\nhigh 9\nmax 7\noom 8\noom_kill ${kills}\n`;
const control = (kills: number) => `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`;

const cases: [
  what: string,
  cgroups: string,
  files: Record<string, string>,
  kills: number | null,
][] = [
  ['v2', '0::/a.slice/b\n', { 'a.slice/b/memory.events': events(3) }, 3],
  ['v2, as the root of a container', '0::/\n', { 'memory.events': events(2) }, 2],
  ['v2, with the path of the host', '0::/docker/x\n', { 'memory.events': events(4) }, 4],
  ['the root of v2', '0::/\n', { 'cgroup.procs': '1\n' }, null],
  [
    'v1 beside v2',
    '9:memory,hugetlb:/a\n1:cpu:/a\n0::/\n',
    { 'memory/a/memory.oom_control': control(5), 'memory/memory.oom_control': control(9) },
    5,
  ],
  [
    'v1 with the path of the host',
    '4:memory:/docker/x\n',
    { 'memory/memory.oom_control': control(6) },
    6,
  ],
  ['v1 before 4.13', '4:memory:/\n', { 'memory/memory.oom_control': 'under_oom 0\n' }, null],
  ['no cgroups', '', {}, null],
];

describe('the count of kills for lack of memory', () => {
  let mount: string;
  beforeEach(() => (mount = mkdtempSync(join(tmpdir(), 'pitchfork-cgroup-'))));
  afterEach(() => rmSync(mount, { recursive: true }));

  for (const [what, cgroups, files, kills] of cases)
    it(`is found in ${what}`, () => {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(mount, name)), { recursive: true });
        writeFileSync(join(mount, name), text);
      }
      expect(oomKillsOf(cgroups, mount)).to.equal(kills);
    });
});
