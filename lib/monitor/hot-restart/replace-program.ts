// Replaces the monitor's program with the one of its command, under the same pid (execve).
import { writeSync } from 'node:fs';
import { handOverVariable, launch, type Succession } from '../../system/launch.js';
import { native } from '../../system/native.js';
import { descriptorsOf, type HandOver } from './hand-over.js';
import { programOf } from './program.js';

/** `addon` is preloaded, and holds signals back. Throws if this program has to continue. */
export function replaceThisProgram(handOver: HandOver, addon: string): void {
  const text = JSON.stringify(handOver);
  const fd = native.memoryFile();
  const directory = process.cwd();
  try {
    writeSync(fd, text);
    const preload = launch.environment['LD_PRELOAD'] ?? null;
    const succession: Succession = { fd, preload };
    const environment = {
      ...launch.environment,
      ...launch.service,
      [handOverVariable]: JSON.stringify(succession),
      LD_PRELOAD: preload === null ? addon : `${addon}:${preload}`,
    };
    process.chdir(launch.directory);
    native.exec(
      programOf(launch),
      launch.command,
      Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      [...descriptorsOf(handOver), fd],
    );
  } catch (error) {
    native.closeDescriptor(fd);
    process.chdir(directory);
    throw error;
  }
}
