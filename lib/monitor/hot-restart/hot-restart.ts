// A hot restart, the side of the program that goes: it has the command that it was started with
// tried out, hands everything over, and puts that command in its own place, under the same pid.
// Until then nothing is given up: whatever fails, this program goes on.
import { messageOf } from '../../base/error-text.js';
import { spawn } from 'node:child_process';
import { accessSync, constants, writeSync } from 'node:fs';
import { once } from 'node:events';
import { delimiter, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { native } from '../../system/native.js';
import {
  handOverVariable,
  launch,
  preflightVariable,
  type Succession,
} from '../../system/launch.js';
import { settlesWithin } from '../../base/settles-within.js';
import type { Children } from '../children/children.js';
import type { Outcome } from '../../control-api/outcome.js';
import type { Fleet } from '../fleet/fleet.js';
import { descriptorsOf, handOverFormat, type HandOver } from './hand-over.js';
import { runMonitorHook } from '../../config/run-hooks.js';
import { nameOf } from '../sockets/listeners.js';
import type { Measurements } from '../observe/measurements.js';
import type { Settings } from '../../config/settings.js';
import type { Endpoints } from '../control/endpoints.js';
import type { Log } from '../log/log.js';
import type { Listeners } from '../sockets/listeners.js';
import type { HeldByPredecessor, TrialReport } from './preflight.js';
import { canReplaceProgram } from '../plan/hot-restart-rule.js';

export interface HotRestartParts {
  readonly settings: Settings;
  readonly log: Log;
  readonly listeners: Listeners;
  readonly endpoints: Endpoints;
  readonly fleet: Fleet;
  readonly children: Children;
  readonly measurements: Measurements;
  /** Has the plan look again. */
  readonly turn: () => void;
}

/** Characters of what the program that is tried out says. */
const mostOutput = 64 * 1024;
const lastWordsMs = 500;

export class HotRestart {
  readonly #parts: HotRestartParts;
  #preparation: Promise<Outcome> | null = null;
  /** The addon of the next program's Node. */
  #preload = '';
  readonly #trial = new AbortController();

  constructor(parts: HotRestartParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the next program has been tried out: it takes over as soon as nothing is under
   * way. Whoever asks meanwhile asks for the same.
   */
  prepare(): Promise<Outcome> {
    return (this.#preparation ??= this.#prepare());
  }

  async #prepare(): Promise<Outcome> {
    const { fleet, settings } = this.#parts;
    fleet.setHotRestart('preparing');
    try {
      const { signal } = this.#trial;
      const { addon } = await tryOut(this.#held(), settings.spawnTimeoutMs, signal);
      this.#preload = addon;
      const hooks = runMonitorHook(this.#parts, 'beforeRestart', { kind: 'hot' });
      await settlesWithin(hooks, settings.shutdownTimeoutMs);
    } catch (error) {
      if (!fleet.stopping) return this.#fail(error);
    }
    if (fleet.stopping) return { ok: false, error: 'the server was stopped' };
    // Not before the answer of a control command is on its way.
    void setImmediate().then(() => {
      if (fleet.hotRestart !== 'preparing') return;
      fleet.setHotRestart('prepared');
      this.#parts.turn();
    });
    return { ok: true, restarts: fleet.restarts + 1 };
  }

  /** The server stops: no program is to come, and none that is tried out outlives it. */
  cancel(): void {
    this.#parts.fleet.setHotRestart(null);
    this.#trial.abort();
  }

  /** Does not return if all goes well. */
  async perform(): Promise<void> {
    const { fleet, children } = this.#parts;
    native.holdSignals();
    // Those that came before are handled first: once more round the event loop.
    for (let turn = 0; turn < 2; turn++) await setImmediate();
    if (fleet.hotRestart === 'performing') {
      if (canReplaceProgram(fleet) && children.areIdle) await this.#leap();
      // A later turn of the plan sees to it again.
      else fleet.setHotRestart('prepared');
    }
    native.releaseSignals();
  }

  async #leap(): Promise<void> {
    const { fleet, measurements, log } = this.#parts;
    try {
      const handOver = this.#handOver(await measurements.record());
      log.info({ restarts: fleet.restarts + 1 }, 'replacing the program of the monitor');
      log.flush();
      leap({ ...handOver, logLinesDropped: log.dropped() }, this.#preload);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): Outcome {
    const { fleet, log } = this.#parts;
    const reason = messageOf(error);
    this.#preparation = null;
    fleet.setHotRestart(null);
    fleet.rollouts.noteError(`hot restart: ${reason}`);
    log.error({ reason }, 'hot restart failed');
    this.#parts.turn();
    return { ok: false, error: reason };
  }

  #held(): HeldByPredecessor {
    const { listeners, endpoints, settings } = this.#parts;
    return {
      format: handOverFormat,
      listen: listeners.held.map(({ address }) => nameOf(address)),
      control: endpoints.control?.path ?? null,
      remoteControl: endpoints.remoteControl?.held ?? null,
      metrics: endpoints.metrics?.held ?? null,
      pidfile: settings.pidfile,
    };
  }

  #handOver(measurements: HandOver['measurements']): HandOver {
    const { fleet, children, listeners, settings, endpoints, log } = this.#parts;
    if (!endpoints.control) throw new Error('the control socket is not open yet');
    return {
      fleet: fleet.record(performance.now()),
      configuredWorkers: settings.workers,
      channels: children.channels(),
      listeners: listeners.held,
      control: endpoints.control.held,
      remoteControl: endpoints.remoteControl?.held ?? null,
      metrics: endpoints.metrics?.held ?? null,
      pidfile: settings.pidfile,
      measurements,
      logLinesDropped: log.dropped(),
    };
  }
}

/** Where the command's Node is now: a symbolic link may lead to another one than at the start. */
function program(): string {
  const [name = ''] = launch.command;
  if (name.includes('/')) return resolve(launch.directory, name);
  const directories = (launch.environment['PATH'] ?? '').split(delimiter);
  const found = directories.map((directory) => join(directory, name)).find(isExecutable);
  return found ?? process.execPath;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Has the next program look whether it could take over. Rejects with what it says against it. */
function tryOut(
  held: HeldByPredecessor,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<TrialReport> {
  const [name, ...args] = launch.command;
  const child = spawn(program(), args, {
    argv0: name,
    cwd: launch.directory,
    env: { ...launch.environment, [preflightVariable]: JSON.stringify(held) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    signal,
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`cannot be started: ${error.message}`)));
    if (child.pid === undefined) return;
    const output = collect(child.stdout);
    const complaints = collect(child.stderr);
    child.once('exit', (code, signal) => {
      const late = signal === 'SIGKILL' ? ` within ${timeoutMs} ms` : '';
      const end = `it did not get ready${late} (${signal ?? `exit code ${code}`})`;
      // Its last words; what it has started may keep its outlets open for longer.
      void settlesWithin(once(child, 'close'), lastWordsMs).then(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        const report = code === 0 ? reportIn(output()) : undefined;
        if (report) resolve(report);
        else reject(new Error(complaintIn(complaints()) ?? end));
      });
    });
  });
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (part: string) => {
    text = (text + part).slice(-mostOutput);
  });
  return () => text;
}

/** The configuration may have printed something before and after. */
function reportIn(output: string): TrialReport | undefined {
  for (const line of output.split('\n').reverse())
    try {
      const found: unknown = JSON.parse(line);
      if (typeof found === 'object' && found !== null && 'addon' in found)
        return found as TrialReport;
    } catch {
      continue;
    }
  return undefined;
}

/** Our own words about it, or else the line of Node's that names the error. */
function complaintIn(text: string): string | undefined {
  const lines = text.split('\n');
  const own = lines.find((line) => line.startsWith('pitchfork-ts: '));
  return own?.slice('pitchfork-ts: '.length) ?? lines.find((line) => /^\w*Error\b/.test(line));
}

/** Throws if this program has to go on. */
function leap(handOver: HandOver, addon: string): void {
  const text = JSON.stringify(handOver);
  const fd = native.memoryFile();
  const before = process.cwd();
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
      program(),
      launch.command,
      Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      [...descriptorsOf(handOver), fd],
    );
  } catch (error) {
    native.closeDescriptor(fd);
    process.chdir(before);
    throw error;
  }
}
