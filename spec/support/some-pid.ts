// A pid for a fleet that is simulated: of no process, so it must never reach the kernel.
import type { Pid } from '../../lib/system/own-children.js';

export const somePid = (number: number): Pid => number as Pid;
