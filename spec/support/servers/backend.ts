// The common base of servers that apps under test connect to: a process with a directory, a port
// and a log of its own, and nothing of them left after its stop.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDeadline } from '../server.js';
import { until } from '../until.js';

export interface Backend {
  /** Environment variables by which the fixture apps find it. */
  readonly env: Record<string, string>;
  /** Its address as the kernel names it: "127.0.0.1:6379", or the path of a unix socket. */
  readonly address: string;
  /** The open connections of clients by the server's own account, in the form that the apps use. */
  connections(): Promise<string[]>;
  /** Complaints of the server about its clients: errors of the protocol. */
  complaints(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface DaemonOptions {
  /** Assigned to it; a port that was free a moment ago. */
  port: number;
  directory: string;
  command: string;
  args: string[];
  /** The user that it runs as; default: the user of the spec. */
  user?: { uid: number; gid: number };
  /** Resolves once it answers. */
  answers: () => Promise<unknown>;
}

/** A directory for `Daemon`, which removes it. */
export const ownDirectory = (): string => mkdtempSync(join(tmpdir(), 'pitchfork-backend-'));

const startMs = 30_000;
const stopMs = 15_000;

export class Daemon {
  readonly #directory: string;
  readonly #logFile: string;
  readonly #process: ChildProcess;
  readonly #exit: Promise<void>;
  #logStart = 0;

  private constructor({ directory, command, args, user }: DaemonOptions) {
    this.#directory = directory;
    this.#logFile = join(directory, 'output.log');
    const output = openSync(this.#logFile, 'a');
    this.#process = spawn(command, args, { ...user, stdio: ['ignore', output, output] });
    closeSync(output);
    this.#exit = new Promise((resolve, reject) => {
      this.#process.once('exit', () => resolve());
      this.#process.once('error', reject);
    });
  }

  static async start(options: DaemonOptions): Promise<Daemon> {
    const daemon = new Daemon(options);
    try {
      await until(
        `${options.command} to answer`,
        async () => {
          await options.answers();
          return true;
        },
        startMs,
      );
    } catch (error) {
      const output = daemon.log();
      await daemon.stop('SIGKILL');
      throw new Error(`${String(error)}; its output:\n${output}`, { cause: error });
    }
    daemon.#logStart = daemon.log().length;
    return daemon;
  }

  /** Its output since its first answer. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8').slice(this.#logStart);
  }

  /** Ends it, by force where the signal does not, and removes its directory. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    try {
      this.#process.kill(signal);
      await withDeadline(this.#exit, stopMs, `${this.#process.spawnfile} to stop`);
    } finally {
      this.#process.kill('SIGKILL');
      rmSync(this.#directory, { recursive: true, force: true });
    }
  }
}
