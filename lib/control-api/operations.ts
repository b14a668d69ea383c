// The commands that ask something of a running server.

export interface OperationDescription {
  /** POST to the control socket. */
  readonly path: string;
  readonly description: string;
  /** Whether `--wait` makes sense: the order takes its time. */
  readonly waits: boolean;
  /** The server is gone when it is done. */
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
    description: 'load the code anew and roll all slots over to it',
    waits: true,
    ends: false,
  },
  restart: {
    path: '/restart',
    description: 'restart the monitor itself too: new pitchfork-ts, Node and configuration',
    waits: true,
    ends: false,
  },
  stop: { path: '/stop', description: 'stop gracefully', waits: true, ends: true },
  halt: { path: '/halt', description: 'stop at once', waits: true, ends: true },
  gc: { path: '/gc', description: 'collect garbage in all workers', waits: false, ends: false },
  'add-worker': {
    path: '/workers/add',
    description: 'run one worker more',
    waits: false,
    ends: false,
  },
  'remove-worker': {
    path: '/workers/remove',
    description: 'run one worker less',
    waits: false,
    ends: false,
  },
} as const satisfies Record<string, OperationDescription>;

export type OperationName = keyof typeof operations;

export const operationNames = Object.keys(operations) as OperationName[];
