// Warnings at the start about a configuration that works but may be unintended.
import { options } from '../../api/options.js';
import { isLoopback } from '../../config/loopback.js';
import { readDuration } from '../../config/readers.js';
import type { Settings } from '../../config/settings.js';
import type { Log } from '../log/log.js';

export function logWarnings(settings: Settings, log: Log): void {
  warnOfExposure(settings, log);
  warnOfMode(settings, log);
  warnOfKeepAlive(settings, log);
}

/** The time is compiled into uWebSockets.js (HTTP_IDLE_TIMEOUT_S in its HttpContext.h). */
function warnOfKeepAlive({ engine, keepAliveTimeoutMs }: Settings, log: Log): void {
  if (engine !== 'uws') return;
  const unset = keepAliveTimeoutMs === readDuration(options.keepAliveTimeout.default);
  log[unset ? 'info' : 'warn'](
    {},
    "keepAliveTimeout is not available with engine 'uws', which closes idle connections after " +
      'about 10 s: let the load balancer close them earlier',
  );
}

/** Metrics and remote control are meant for operators, not for every machine that can connect. */
function warnOfExposure({ metrics, remoteControl }: Settings, log: Log): void {
  if (metrics && !isLoopback(metrics.host))
    log.warn({ host: metrics.host }, 'metrics: listening on a non-loopback address');
  if (remoteControl && !isLoopback(remoteControl.host))
    log.warn(
      { host: remoteControl.host },
      'remoteControl: listening on a non-loopback address, its token is sent unencrypted',
    );
}

function warnOfMode({ single, workers, hooks }: Settings, log: Log): void {
  const unused = (['beforeFork', 'afterFork', 'afterMoldFork'] as const).filter(
    (name) => hooks[name].length > 0,
  );
  if (single && unused.length > 0)
    log.warn({ hooks: unused }, 'these hooks never run in single mode (workers: 0)');
  // A mold pays off from the second worker on.
  if (!single && workers === 1)
    log.info({}, 'a mold beside a single worker doubles the memory: `workers: 0` runs without one');
}
