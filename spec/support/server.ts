// A real server for a spec: the real command, in a directory of its own, observed through its log,
// its control socket, real requests and /proc. `stop` asserts that nothing is left.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  mkdtempSync,
  readFileSync,
  existsSync,
  rmSync,
  writeFileSync,
  openSync,
  closeSync,
} from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ServiceStats, Stats, WorkerStats } from '../../lib/control-api/stats.js';
import { freePort } from './free-port.js';
import { isAlive, marked, type Process } from './processes.js';
import { until } from './until.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const command = join(root, 'dist/bin/pitchfork-ts.js');

/** A fixture app, by its file name in spec/fixtures/apps. */
export const fixtureApp = (name: string): string => join(root, 'spec/fixtures/apps', name);

export interface ServerOptions {
  /** A file, or the text of a module that is written beside the configuration. */
  app: string | { text: string };
  /**
   * Configuration as JavaScript source of further properties, for hooks: `workers: 2, beforeFork()
   * {…},`.
   */
  config?: string;
  /** Statements at the top of the configuration module. */
  prelude?: string;
  env?: Record<string, string>;
  args?: string[];
  /** The Node that runs the command; this one by default. */
  node?: string;
  /** A command that the server's command line is appended to, and that becomes it or waits for it. */
  launcher?: string[];
  workers?: number;
  listen?: string;
  /** Target of its output; the output of a pipe is copied to the same file. */
  output?: 'file' | 'pipe';
  /** Do not wait for the workers to be ready. */
  eager?: boolean;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly role?: string;
  readonly slot?: number | null;
  readonly generation?: number;
  readonly pid?: number;
  readonly reason?: string;
  readonly [field: string]: unknown;
}

/** Every pid is a number: NaN, which no call accepts, where there is no process. */
export interface LiveStats extends Stats {
  readonly workers: readonly Live<WorkerStats>[];
  readonly leaving: readonly Live<WorkerStats>[];
  readonly service: Live<ServiceStats> | null;
}
type Live<Child> = Child & { readonly pid: number };

const live = <Child extends ServiceStats>(child: Child): Live<Child> => ({
  ...child,
  pid: child.pid ?? NaN,
});

/**
 * Short timeouts, so that specs are quick, and no process that outlives a rollout; a spec about one
 * of them sets its own.
 */
const defaults = `spawnTimeout: '10s', heartbeatTimeout: '10s', shutdownTimeout: '5s',
  refork: { drainTimeout: '5s', backoff: '300ms', canary: '200ms' },
  phasedRestart: { canary: '200ms' }, rollback: { window: false },`;

export class Server {
  readonly directory = mkdtempSync(join(tmpdir(), 'pitchfork-spec-'));
  readonly control = join(this.directory, 'control.sock');
  readonly output = join(this.directory, 'output.log');
  readonly configFile = join(this.directory, 'pitchfork.conf.mjs');
  /** A mark in the environment of all its processes. */
  readonly mark = `PITCHFORK_SPEC=${randomUUID()}`;
  #process: ChildProcess;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;

  private constructor(options: ServerOptions) {
    let app = options.app;
    if (typeof app === 'object') {
      writeFileSync(join(this.directory, 'app.mjs'), app.text);
      app = join(this.directory, 'app.mjs');
    }
    writeFileSync(
      this.configFile,
      `${options.prelude ?? ''}
export default {
  app: ${JSON.stringify(app)},
  listen: ${JSON.stringify(options.listen ?? `127.0.0.1:${freePort()}`)},
  workers: ${options.workers ?? 2},
  control: './control.sock',
  metrics: { listen: '127.0.0.1:0' },
  log: { level: 'debug', format: 'json' },
  ${defaults}
  ${options.config ?? ''}
};
`,
    );
    const output = options.output === 'pipe' ? this.#pipe() : openSync(this.output, 'a');
    const [name = '', value = ''] = this.mark.split('=');
    const node = options.node ?? process.execPath;
    const line = [...(options.launcher ?? []), node, command, '-c', this.configFile];
    this.#process = spawn(line[0] ?? node, [...line.slice(1), ...(options.args ?? [])], {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...options.env, [name]: value },
    });
    closeSync(output);
    this.exit = new Promise((resolve) =>
      this.#process.once('exit', (code, signal) => resolve({ code, signal })),
    );
  }

  /** A real pipe: what child_process calls one is a pair of sockets. `cat` ends with its writers. */
  #pipe(): number {
    const fifo = join(this.directory, 'output.fifo');
    execFileSync('mkfifo', [fifo]);
    const file = openSync(this.output, 'a');
    spawn('cat', [fifo], { stdio: ['ignore', file, 'inherit'] });
    closeSync(file);
    return openSync(fifo, 'w');
  }

  /** Resolves when all workers are ready, unless `eager`. */
  static async start(options: ServerOptions): Promise<Server> {
    const server = new Server(options);
    if (options.eager) return server;
    try {
      await server.logged('all workers are ready', {}, 30_000);
    } catch (error) {
      const output = server.text();
      await server.destroy();
      throw new Error(`${String(error)}; its output:\n${output}`, { cause: error });
    }
    return server;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** All of its output, that of the app included. */
  text(): string {
    return readFileSync(this.output, 'utf8');
  }

  log(msg?: string): LogLine[] {
    const lines = this.text()
      .split('\n')
      .flatMap((line) => {
        try {
          return line.startsWith('{') ? [JSON.parse(line) as LogLine] : [];
        } catch {
          return []; // The last line, half written.
        }
      });
    return msg === undefined ? lines : lines.filter((line) => line.msg === msg);
  }

  /** Waits for a log line with this text and these fields. */
  logged(msg: string, fields: Record<string, unknown> = {}, timeoutMs = 15_000): Promise<LogLine> {
    return until(
      `the log line "${msg}" ${JSON.stringify(fields)}`,
      () => {
        const line = this.log(msg).find((candidate) =>
          Object.entries(fields).every(([name, value]) => candidate[name] === value),
        );
        if (!line && !this.isRunning && this.#process.exitCode !== 0)
          throw new Error(`the server ended with code ${this.#process.exitCode}`);
        return line;
      },
      timeoutMs,
    );
  }

  get port(): number {
    return Number(/:(\d+)$/.exec(this.#started('listen'))?.[1]);
  }

  get metricsPort(): number {
    return Number(/:(\d+)\//.exec(this.#started('metrics'))?.[1]);
  }

  #started(field: 'listen' | 'metrics'): string {
    const value = this.log('monitor started')[0]?.[field];
    return String(Array.isArray(value) ? value[0] : value);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async ask(method: 'GET' | 'POST', path: string): Promise<{ status: number; body: unknown }> {
    const { status, text } = await send({ socketPath: this.control, method, path });
    return { status, body: JSON.parse(text) };
  }

  async stats(): Promise<LiveStats> {
    const stats = (await this.ask('GET', '/stats')).body as Stats;
    const { workers, leaving, service } = stats;
    return {
      ...stats,
      workers: workers.map(live),
      leaving: leaving.map(live),
      service: service && live(service),
    };
  }

  async metrics(): Promise<string> {
    return (await send({ host: '127.0.0.1', port: this.metricsPort, path: '/metrics' })).text;
  }

  /** A request on a connection of its own. */
  async get(path = '/'): Promise<string> {
    const { status, text } = await send({ host: '127.0.0.1', port: this.port, path });
    expect(status, `GET ${path}: ${text.slice(0, 200)}`).to.equal(200);
    return text;
  }

  /** Requests a refork and waits for its end; returns the answer. */
  async refork(): Promise<{ status: number; body: unknown }> {
    return this.ask('POST', '/refork?wait=1');
  }

  /** Waits until nothing is under way and all workers have reached this generation. */
  settled(generation = 0): Promise<LiveStats> {
    return until(
      `all workers of generation ${generation}`,
      async () => {
        const stats = await this.stats();
        const done =
          stats.refork.state === 'idle' &&
          (stats.mold?.ready ?? stats.refork.unforkable !== null) &&
          stats.leaving.length === 0 &&
          stats.workers.every((worker) => worker.ready && worker.generation >= generation);
        return done ? stats : undefined;
      },
      30_000,
    );
  }

  /** Every process of this server, strays included. */
  processes(): Process[] {
    return marked(this.mark);
  }

  /** Graceful stop; asserts exit code 0 and that nothing is left. */
  async stop(): Promise<void> {
    try {
      if (this.isRunning) this.signal('SIGTERM');
      const { code } = await withDeadline(this.exit, 15_000, 'the server to stop');
      expect(code, 'exit code after TERM').to.equal(0);
      await this.expectNothingLeft();
    } catch (error) {
      throw new Error(`${String(error)}\n--- the end of its output:\n${this.text().slice(-6000)}`, {
        cause: error,
      });
    } finally {
      await this.destroy();
    }
  }

  async expectNothingLeft(withinMs = 2_000): Promise<void> {
    await until('all processes to be gone', () => this.processes().length === 0, withinMs);
    expect(existsSync(this.control), 'control socket file').to.equal(false);
    if (this.port) expect(await canConnect(this.port), `port ${this.port} is open`).to.equal(false);
  }

  /**
   * For the end of every spec, passed or failed: kills remaining processes and removes the
   * directory.
   */
  async destroy(): Promise<void> {
    for (const { pid } of this.processes())
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    await until(
      'killed processes to be gone',
      () => !this.processes().some(({ pid }) => isAlive(pid)),
    );
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function send(options: {
  host?: string;
  port?: number;
  socketPath?: string;
  method?: string;
  path: string;
}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...options, agent: false, timeout: 30_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`${options.path}: no answer`)));
    request.on('error', reject);
    request.end();
  });
}

export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

export async function withDeadline<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
