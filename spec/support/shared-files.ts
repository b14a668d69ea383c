// Finds open files that two processes have in common, by kcmp(2), through Python, since Node has no
// system calls. The name that /proc gives a descriptor is not enough: every epoll set has the same
// one.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { descriptors } from './processes.js';

const script = `
import ctypes, os, platform, sys
from collections import defaultdict
KCMP_FILE = 0
call = {'x86_64': 312, 'aarch64': 272}[platform.machine()]
libc = ctypes.CDLL(None, use_errno=True)
kinds = defaultdict(list)
for pid in map(int, sys.argv[1:]):
    for name in os.listdir(f'/proc/{pid}/fd'):
        try: kinds[os.readlink(f'/proc/{pid}/fd/{name}')].append((pid, int(name)))
        except FileNotFoundError: pass
for kind, places in kinds.items():
    for index, (pid, fd) in enumerate(places):
        for other, other_fd in places[index + 1:]:
            if pid == other: continue
            order = libc.syscall(call, pid, other, KCMP_FILE, fd, other_fd)
            if order == 0: print(pid, fd, other, other_fd, kind)
            elif order < 0 and ctypes.get_errno() not in (3, 9): sys.exit('kcmp: ' + os.strerror(ctypes.get_errno()))
`;

const rowsOf = (file: string): string[][] =>
  readFileSync(file, 'latin1')
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/));

/** The inodes of all listening sockets of this machine, with the port of those that have one. */
export function listeningSockets(): Map<string, number | null> {
  const sockets = new Map<string, number | null>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const [, local = '', , state, , , , , , inode = ''] of rowsOf(file))
      if (state === '0A') sockets.set(inode, parseInt(local.split(':')[1] ?? '', 16));
  for (const [, , , flags = '', , , inode = ''] of rowsOf('/proc/net/unix'))
    if (parseInt(flags, 16) & 0x10000) sockets.set(inode, null);
  return sockets;
}

const inodeOf = (kind: string): string => /^socket:\[(\d+)\]$/.exec(kind)?.[1] ?? '';

/** The TCP ports that a process listens on. */
export function portsOf(pid: number): number[] {
  const listening = listeningSockets();
  return [...descriptors(pid).values()].flatMap((kind) => listening.get(inodeOf(kind)) ?? []);
}

/** The connected TCP sockets of a process, also those whose peer has gone: "local peer", as in /proc. */
export function connectedSockets(pid: number): string[] {
  const established = '01';
  const closeWait = '08';
  const own = new Set([...descriptors(pid).values()].map(inodeOf));
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    rowsOf(file)
      .filter(
        ([, , , state = '', , , , , , inode = '']) =>
          [established, closeWait].includes(state) && own.has(inode),
      )
      .map(([, local, peer]) => `${local} ${peer}`),
  );
}

/** Number of listening sockets of a TCP port that a process holds. */
export function listenersOf(pid: number, port: number): number {
  return portsOf(pid).filter((listening) => listening === port).length;
}

/**
 * One line for each open file that two of the processes share and should not: all but listening
 * sockets, stdio, /dev/null, and files inherited from the parent of the spec.
 */
export function wronglyShared(pids: readonly number[]): string[] {
  const shared = execFileSync('python3', ['-c', script, ...pids.map(String)], { encoding: 'utf8' });
  const listening = listeningSockets();
  const inherited = new Set(descriptors(process.pid).values());
  return shared.split('\n').filter((line) => {
    if (line === '') return false;
    const [, fd = '', , otherFd = '', kind = ''] = line.split(' ');
    const isStdio = Number(fd) <= 2 && Number(otherFd) <= 2;
    if (isStdio || kind === '/dev/null' || listening.has(inodeOf(kind))) return false;
    return !(/:\[\d+\]$/.test(kind) && inherited.has(kind));
  });
}
