// What operators reach the monitor by: the control socket, remote control, metrics, and the pid
// file that names it. Opened at the start, or taken over from the program before.
import type { Settings } from '../../config/settings.js';
import { openMetrics, type MetricsServer } from '../../metrics/server.js';
import { commandsOf } from '../commands.js';
import { openControl, type Control } from './control.js';
import type { HandOver } from '../hot-restart/hand-over.js';
import type { Log } from '../log/log.js';
import type { Monitor } from '../monitor.js';
import { writePidFile, type PidFile } from './pid-file.js';
import { readStats } from './read-stats.js';
import { openRemoteControl, type OpenRemoteControl } from './remote-control.js';
import {
  takeOverControl,
  takeOverMetrics,
  takeOverPidFile,
  takeOverRemoteControl,
} from '../hot-restart/take-over.js';
import { unreadiness } from '../fleet/queries.js';

export class Endpoints {
  control: Control | null = null;
  remoteControl: OpenRemoteControl | null = null;
  metrics: MetricsServer | null = null;
  #pidFile: PidFile | null = null;
  readonly #settings: Settings;
  readonly #log: Log;

  constructor(settings: Settings, log: Log) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Throws a ConfigError at the first that cannot be had; `close` closes those before it. */
  async open(monitor: Monitor, before: HandOver | undefined): Promise<void> {
    const { control, remoteControl, pidfile } = this.#settings;
    const log = this.#log;
    const metrics = this.#settings.metrics || null;
    const commands = commandsOf(monitor);
    const content = {
      collect: () => monitor.measurements.collect(),
      stats: () => readStats(monitor),
      unreadiness: () => unreadiness(monitor.fleet),
    };
    if (before) {
      this.control = await takeOverControl(before, control, commands, log);
      this.remoteControl = await takeOverRemoteControl(before, remoteControl, commands, log);
      this.#pidFile = await takeOverPidFile(before, pidfile, log);
      this.metrics = await takeOverMetrics(before, metrics, content, log);
      return;
    }
    this.control = await openControl(control, commands, log);
    this.remoteControl = remoteControl && (await openRemoteControl(remoteControl, commands, log));
    this.#pidFile = pidfile === null ? null : writePidFile(pidfile);
    this.metrics = metrics && (await openMetrics(metrics, content));
  }

  /** For the log, with real ports. */
  addresses(): object {
    const { metrics } = this.#settings;
    return {
      control: this.control?.path,
      remoteControl: this.remoteControl?.url,
      metrics:
        metrics && this.metrics
          ? `http://${metrics.host}:${this.metrics.port}${metrics.path}`
          : undefined,
    };
  }

  async close(): Promise<void> {
    await this.metrics?.close();
    this.#pidFile?.close();
    await this.remoteControl?.close();
    await this.control?.close();
  }
}
