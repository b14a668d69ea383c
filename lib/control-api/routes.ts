// The routes of the control API: the operations that change a running server, and the questions
// that it answers. The monitor's server, the client and the commands of the CLI all come from here;
// lib/monitor/commands.ts implements them.
import type { Backtrace } from './backtrace.js';
import type { Stats } from './stats.js';

export interface Operation {
  /** Of a POST request. */
  readonly path: string;
  readonly description: string;
  /** Takes a while, so that `--wait` makes sense. */
  readonly waits: boolean;
  /** Ends the server. */
  readonly ends: boolean;
}

export const operations = {
  refork: {
    path: '/refork',
    description: 'make a worker the new mold and roll all slots over to its forks',
    waits: true,
    ends: false,
  },
  'phased-restart': {
    path: '/phased-restart',
    description: 'reload the code and roll all slots over to it',
    waits: true,
    ends: false,
  },
  rollback: {
    path: '/rollback',
    description: 'return to the code before the last phased restart, within `rollback.window`',
    waits: true,
    ends: false,
  },
  restart: {
    path: '/restart',
    description: 'restart the monitor as well: new pitchfork-ts, Node and configuration',
    waits: true,
    ends: false,
  },
  stop: {
    path: '/stop',
    description: 'finish the requests in flight, then stop',
    waits: true,
    ends: true,
  },
  halt: { path: '/halt', description: 'stop immediately', waits: true, ends: true },
  gc: { path: '/gc', description: 'collect garbage in all workers', waits: false, ends: false },
  'add-worker': {
    path: '/workers/add',
    description: 'add a worker',
    waits: false,
    ends: false,
  },
  'remove-worker': {
    path: '/workers/remove',
    description: 'remove a worker',
    waits: false,
    ends: false,
  },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;

export const operationNames = Object.keys(operations) as OperationName[];

export interface Question {
  /** Of a GET request. */
  readonly path: string;
}

export const questions = {
  stats: { path: '/stats' },
  backtrace: { path: '/backtrace' },
} as const satisfies Record<keyof Answers, Question>;

/** The content of the answer to each question. */
export interface Answers {
  stats: Stats;
  backtrace: Backtrace;
}

export type QuestionName = keyof Answers;

export const questionNames = Object.keys(questions) as QuestionName[];
