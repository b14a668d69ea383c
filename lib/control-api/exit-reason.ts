// The reasons for the exit of a child: values of the metric's label, of the field `cause` in the
// log, and of the stats. An interface: alerts are written for them.

export const exitReasons = [
  /** By order of the monitor or an operator, or at the app's own request: the only harmless one. */
  'asked',
  /** By itself: it called process.exit or had an uncaught error. */
  'code',
  /** By a signal that the monitor did not send. */
  'signal',
  /** Killed by the kernel, which was out of memory. */
  'oom',
  /** Replaced for exceeding `maxWorkerMemory`. */
  'memory',
  /** Killed: no heartbeat within `heartbeatTimeout`. */
  'heartbeat',
  /** Killed or replaced: a request exceeded `requestTimeout`. */
  'request_timeout',
  /** Killed: not ready within `spawnTimeout`. */
  'spawn_timeout',
  /** Killed: did not exit within `shutdownTimeout`. */
  'shutdown_timeout',
  /** Killed: a promoted worker that did not become a mold in time. */
  'promotion_timeout',
  /** Killed: a mold that does not fork. */
  'fork_failed',
  /** Killed: it closed or misused its channel to the monitor. */
  'channel',
] as const;

export type ExitReason = (typeof exitReasons)[number];
