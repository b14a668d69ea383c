// Lag meters of packages that smooth what they measure: after one late tick they report lag for
// seconds. One entry per package, applied to every loaded copy.
import { exportsOf } from '../heap/module-exports.js';
import type { LoadedModule } from '../heap/loaded-modules.js';
import { packageOf } from '../heap/package-of.js';

interface LagMeter {
  readonly packageName: string;
  readonly file: RegExp;
  /** Forgets the lag measured so far. */
  readonly restart: (exports: Record<string, unknown>) => void;
}

const lagMeters: readonly LagMeter[] = [
  { packageName: 'toobusy-js', file: /\/toobusy\.js$/, restart: restartToobusy },
];

let restarts: (() => void)[] = [];

/** Runs in a mold before it freezes. */
export async function prepareLagMeters(modules: readonly LoadedModule[]): Promise<void> {
  restarts = [];
  for (const module of modules) {
    const meter = lagMeters.find(
      ({ file, packageName }) =>
        file.test(module.file) && packageOf(module.file)?.name === packageName,
    );
    const exports = meter && (await exportsOf(module));
    if (exports) restarts.push(() => meter.restart(exports));
  }
}

/** Runs in a newborn after the timers that came due while its mold was frozen. */
export function restartLagMeters(): void {
  for (const restart of restarts) restart();
}

interface Toobusy {
  started(): boolean;
  /** Setting the interval restarts the measurement. */
  interval(ms?: number): number;
}

function restartToobusy({ default: toobusy }: Record<string, unknown>): void {
  if (isToobusy(toobusy) && toobusy.started()) toobusy.interval(toobusy.interval());
}

function isToobusy(value: unknown): value is Toobusy {
  return typeof value === 'function' && 'started' in value && 'interval' in value;
}
