// The kernel's count of processes that it killed in this process's memory cgroup, for lack of
// memory anywhere: memory.events of cgroup v2, memory.oom_control of v1 (kernel 4.13 and later; see
// the kernel's admin-guide/cgroup-v2 and cgroup-v1/memory).
import { readFileSync } from 'node:fs';

/** Null where the count cannot be known, as in the root cgroup or without any. */
export function readOomKills(): number | null {
  return oomKillsOf(read('/proc/self/cgroup') ?? '', '/sys/fs/cgroup');
}

/** `cgroups`: the text of /proc/PID/cgroup; `mount`: the directory of the hierarchies. */
export function oomKillsOf(cgroups: string, mount: string): number | null {
  for (const file of files(cgroups, mount)) {
    const kills = /^oom_kill (\d+)$/m.exec(read(file) ?? '');
    if (kills) return Number(kills[1]);
  }
  return null;
}

/** A container may see its own cgroup as the root, but read the path of the host's. */
function files(cgroups: string, mount: string): string[] {
  const lines = cgroups.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line) ?? []);
  return lines.flatMap(([, controllers, path = '']) => {
    if (controllers === '') return [path, ''].map((one) => `${mount}${one}/memory.events`);
    if (!controllers?.split(',').includes('memory')) return [];
    return [path, ''].map((one) => `${mount}/memory${one}/memory.oom_control`);
  });
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
