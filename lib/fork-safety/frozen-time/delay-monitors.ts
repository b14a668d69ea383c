// Monitors of the event loop's delay (perf_hooks.monitorEventLoopDelay) in a newborn. The first
// tick after the fork would record the time as a frozen mold, so they begin anew: prom-client's lag
// and load shedders such as @fastify/under-pressure read them.
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { native } from '../../system/native.js';
import type { Search } from '../heap/search.js';
import { WeakList } from '../heap/weak-list.js';

/** Milliseconds; a resolution that no app asks for. */
const uniqueResolution = 86_399_977;

let monitors = new WeakList<IntervalHistogram>();

/** For a mold before it freezes. */
export function delayMonitorSearch(): Search {
  const sample = monitorEventLoopDelay({ resolution: uniqueResolution });
  const prototype = Object.getPrototypeOf(sample) as object;
  return {
    prototype,
    found: (objects) => {
      monitors = new WeakList();
      for (const object of objects)
        if (object !== sample && isMonitor(object)) monitors.add(object);
      if (monitors.alive().length === 0) return;
      sample.enable();
      native.learnDelayMonitor(uniqueResolution);
      sample.disable();
    },
  };
}

/** Runs in a newborn, first: a monitor that was enabled starts from zero. */
export function restartDelayMonitors(): void {
  for (const monitor of monitors.alive())
    if (monitor.disable()) {
      monitor.reset();
      monitor.enable();
    }
  native.tickDelayMonitors();
}

/**
 * Runs in a newborn before overdue timers do: the first value is the time since the start. An empty
 * monitor, whose mean is NaN, is taken by its readers for a blocked event loop.
 */
export const recordFirstDelay = (): void => native.tickDelayMonitors();

function isMonitor(object: object): object is IntervalHistogram {
  return 'enable' in object && 'disable' in object && 'reset' in object;
}
