// A process of the app without a monitor: booted by the real entry point, while the spec holds the
// other end of its channel.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Role } from '../../lib/api/hooks.js';
import { childRules } from '../../lib/monitor/children/rules.js';
import { Channel } from '../../lib/protocol/channel.js';
import type { Order, Report } from '../../lib/protocol/message.js';
import { native } from '../../lib/system/native.js';
import type { Scratch } from './scratch.js';
import { until } from './until.js';

const entry = fileURLToPath(new URL('../../lib/life/main.js', import.meta.url));

export type ReportOf<Type extends Report['type']> = Extract<Report, { type: Type }>;

/** The monitor's end of a child's channel. */
export class Line {
  readonly reports: Report[] = [];
  readonly #channel: Channel<Report, Order>;
  #ended = false;

  constructor(fd: number) {
    this.#channel = new Channel<Report, Order>(fd, childRules(), {
      message: (report) => this.reports.push(report),
      end: () => (this.#ended = true),
    });
  }

  send(order: Order, fds: readonly number[] = []): void {
    this.#channel.sendWithDescriptors(order, fds);
  }

  /** Resolves with the first report of that type. */
  report<Type extends Report['type']>(type: Type): Promise<ReportOf<Type>> {
    return until(`the report "${type}" after ${this.types().join()}`, () => {
      const found = this.reports.find((report): report is ReportOf<Type> => report.type === type);
      if (!found && this.#ended) throw new Error(`it ended after ${this.types().join()}`);
      return found;
    });
  }

  /** In order, without heartbeats. */
  types(): Report['type'][] {
    return this.reports.map(({ type }) => type).filter((type) => type !== 'heartbeat');
  }

  close(): void {
    this.#channel.close();
  }
}

export interface BootOptions {
  readonly role: Role;
  /** Source of a module. Default: an app that answers its pid. */
  readonly app?: string;
  /** Members of the configuration. */
  readonly config?: string;
  readonly failpoint?: string;
}

const defaultApp = `export default (request, response) => response.end(String(process.pid));`;

export class Booted {
  readonly line: Line;
  readonly pid: number;
  /** A port that the listening socket of the slot is bound to. */
  readonly port: number;
  readonly listener: number;
  readonly exit: Promise<{ code: number | null; signal: string | null }>;
  #errors = '';
  readonly #process: ChildProcess;

  constructor(directory: Scratch, { role, app = defaultApp, config = '', failpoint }: BootOptions) {
    directory.write('app.mjs', app);
    const file = directory.write(
      'pitchfork.conf.mjs',
      `export default { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, ${config} };`,
    );
    this.listener = native.listenTcp({
      ...{ address: '127.0.0.1', port: 0, backlog: 128, reusePort: false, ipv6Only: false },
    });
    this.port = native.boundPort(this.listener);
    const [ours, theirs] = native.socketPair();
    this.#process = spawn(process.execPath, [entry, ' '.repeat(160)], {
      stdio: ['ignore', 'ignore', 'pipe', theirs],
      cwd: directory.path,
      env: { ...process.env, ...(failpoint !== undefined && { PITCHFORK_FAILPOINT: failpoint }) },
    });
    native.closeDescriptor(theirs);
    this.pid = this.#process.pid ?? 0;
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.exit = new Promise((resolve) =>
      this.#process.once('exit', (code, signal) => resolve({ code, signal })),
    );
    this.line = new Line(ours);
    const slot = role === 'worker' ? 0 : null;
    this.line.send(
      { type: 'boot', file, overrides: {}, phase: 0, generation: 0, role, slot },
      slot === null ? [] : [this.listener],
    );
  }

  /** Orders this mold to fork; the newborn's channel is not used. */
  spawn(id: number, slot: number | null): void {
    const [ours, theirs] = native.socketPair();
    this.line.send({ type: 'spawn', id, slot }, slot === null ? [theirs] : [theirs, this.listener]);
    native.closeDescriptor(theirs);
    native.closeDescriptor(ours);
  }

  /** Resolves when the failpoint has been reached. */
  async reached(failpoint: string): Promise<void> {
    await until(failpoint, () => this.#errors.includes(`failpoint ${failpoint}`));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async destroy(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      this.signal('SIGKILL');
    await this.exit;
    this.line.close();
    native.closeDescriptor(this.listener);
  }
}
