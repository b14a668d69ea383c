// A memory cgroup for a spec, of version 2 or 1, whichever the machine has.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.js';

const mount = '/sys/fs/cgroup';

export class MemoryCgroup {
  private constructor(readonly directory: string) {}

  /** Throws where that is impossible: without root, or without control of memory. */
  static make(limitBytes: number): MemoryCgroup {
    const controllers = join(mount, 'cgroup.subtree_control');
    const isV2 = existsSync(controllers);
    if (isV2 && !readFileSync(controllers, 'latin1').includes('memory'))
      throw new Error('cgroup v2 without control of memory');
    const directory = join(mount, isV2 ? '' : 'memory', `pitchfork-spec-${process.pid}`);
    mkdirSync(directory);
    const file = isV2 ? 'memory.max' : 'memory.limit_in_bytes';
    try {
      writeFileSync(join(directory, file), String(limitBytes));
    } catch (error) {
      rmdirSync(directory);
      throw error;
    }
    return new MemoryCgroup(directory);
  }

  /** A command that joins the group and becomes the one after it. */
  get launcher(): string[] {
    return ['sh', '-c', `echo $$ > ${this.directory}/cgroup.procs && exec "$@"`, 'sh'];
  }

  /** When its last process has ended. */
  async remove(): Promise<void> {
    await until('the group to be empty', () => {
      try {
        rmdirSync(this.directory);
      } catch (error) {
        if (existsSync(this.directory)) return false;
        throw error;
      }
      return true;
    });
  }
}
