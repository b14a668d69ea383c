// Named repairs: generators of identifiers that keep what tells processes apart in a closure, where
// no general means reaches. One entry a kind of state; each works on every copy that is loaded.

export interface Renewal {
  readonly packages: readonly string[];
  readonly file: RegExp;
  /** For a newborn. Undefined if the exports are not what this knows. */
  readonly prepare: (exports: Record<string, unknown>) => Renew | undefined;
}

/** `id` is a number that the server gave to no other process. */
export type Renew = (id: number) => void;

export const renewals: readonly Renewal[] = [
  { packages: ['uuid'], file: /\/v1\.js$/, prepare: renewUuidV1 },
  { packages: ['uid'], file: /\/dist\/index\.m?js$/, prepare: renewUid },
  {
    packages: ['nats', 'nats.ws', 'nuid', '@nats-io/nuid'],
    file: /\/nuid\.m?js$/,
    prepare: renewNuid,
  },
];

const clockSequences = 2 ** 14;
/**
 * Between processes that are forked one after the other. Each time that its clock goes back, a
 * process moves on by one; and odd, so that every sequence has its turn.
 */
const stride = 127;

/** The clock sequences that old versions had when they were first seen; their forks inherit it. */
const firstSequences = new WeakMap<AnyFunction, number>();

/** Time-based UUIDs tell processes apart by a random node and a random clock sequence. */
function renewUuidV1(exports: Record<string, unknown>): Renew | undefined {
  const v1 = exports['default'];
  if (!isFunction(v1)) return undefined;
  // From version 11 on a clock that went back makes it draw both anew.
  if (isFunction(exports['updateV1State'])) return () => atTheEpoch(v1);
  // Before, the node is drawn once for ever, but a clock sequence that is passed is kept: each
  // process gets its own among all that have this node.
  const first = firstSequences.get(v1) ?? clockSequenceOf(String(v1()));
  firstSequences.set(v1, first);
  return (id) => void v1({ clockseq: (first + id * stride) % clockSequences });
}

const clockSequenceOf = (uuid: string): number =>
  parseInt(uuid.slice(19, 23), 16) & (clockSequences - 1);

function atTheEpoch(generate: () => unknown): void {
  const { now } = Date;
  Date.now = () => 0;
  try {
    generate();
  } finally {
    Date.now = now;
  }
}

/** Its store has 512 digits: to ask for more empties it. */
function renewUid({ uid }: Record<string, unknown>): Renew | undefined {
  return isFunction(uid) ? () => void uid(513) : undefined;
}

function renewNuid({ nuid }: Record<string, unknown>): Renew | undefined {
  if (typeof nuid !== 'object' || nuid === null) return undefined;
  const init: unknown = Reflect.get(nuid, 'init');
  return isFunction(init) ? () => void Reflect.apply(init, nuid, []) : undefined;
}

type AnyFunction = (...args: unknown[]) => unknown;

const isFunction = (value: unknown): value is AnyFunction => typeof value === 'function';
