// Searches the memory of another process, as root can.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const chunkBytes = 1 << 20;

/** In what the process itself has written: its heap, its stacks, the environment and arguments. */
export function hasInMemory(pid: number, text: string): boolean {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return writableRanges(pid).some(([begin, end]) => found(memory, begin, end, text));
  } finally {
    closeSync(memory);
  }
}

function writableRanges(pid: number): [number, number][] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  return lines.flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    return match ? [[Number(`0x${match[1]}`), Number(`0x${match[2]}`)]] : [];
  });
}

function found(memory: number, begin: number, end: number, text: string): boolean {
  const buffer = Buffer.alloc(chunkBytes + text.length);
  for (let at = begin; at < end; at += chunkBytes) {
    const wanted = Math.min(buffer.length, end - at);
    try {
      const size = readSync(memory, buffer, 0, wanted, at);
      if (buffer.subarray(0, size).includes(text)) return true;
    } catch {
      continue; // A guard page, or no longer mapped.
    }
  }
  return false;
}
