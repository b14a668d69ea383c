// Generators of identifiers that need a repair of their own: they keep the part that distinguishes
// processes in a closure, out of reach of the general means. One entry per kind of state, applied
// to every loaded copy.
import { isRecord } from '../../base/is-record.js';

export interface IdentifierGenerator {
  readonly packages: readonly string[];
  readonly file: RegExp;
  /** Runs in a mold; the result renews each newborn. Undefined for unknown exports. */
  readonly prepare: (exports: Record<string, unknown>) => Renew | undefined;
}

/** `id` is unique among all processes of this server. */
export type Renew = (id: number) => void;

export const identifierGenerators: readonly IdentifierGenerator[] = [
  { packages: ['uuid'], file: /\/v1\.js$/, prepare: renewUuidV1 },
  { packages: ['uid'], file: /\/dist\/index\.m?js$/, prepare: renewUid },
  {
    packages: ['nats', 'nats.ws', 'nuid', '@nats-io/nuid'],
    file: /\/nuid\.m?js$/,
    prepare: renewNuid,
  },
];

type AnyFunction = (...args: unknown[]) => unknown;

const clockSequences = 2 ** 14;
/**
 * Distance between the clock sequences of consecutive forks. More than one, since a process
 * increments its sequence whenever its clock goes back; odd, so that all sequences are used.
 */
const stride = 127;

/** Clock sequences of old versions when first seen; inherited by later generations. */
const firstSequences = new WeakMap<AnyFunction, number>();

/** Time-based UUIDs distinguish processes by a random node and clock sequence (RFC 9562, 5.1). */
function renewUuidV1(exports: Record<string, unknown>): Renew | undefined {
  const v1 = exports['default'];
  if (!isFunction(v1)) return undefined;
  // From version 11 on, both are redrawn when the clock goes back.
  if (isFunction(exports['updateV1State'])) return () => withClockAtEpoch(v1);
  // Before, the node is drawn once and for all, but a given clock sequence is kept: each process
  // gets one that is unique among those with the same node.
  const first = firstSequences.get(v1) ?? clockSequenceOf(String(v1()));
  firstSequences.set(v1, first);
  return (id) => void v1({ clockseq: (first + id * stride) % clockSequences });
}

const clockSequenceOf = (uuid: string): number =>
  parseInt(uuid.slice(19, 23), 16) & (clockSequences - 1);

function withClockAtEpoch(generate: () => unknown): void {
  const { now } = Date;
  Date.now = () => 0;
  try {
    generate();
  } finally {
    Date.now = now;
  }
}

/** Its buffer holds 512 digits: asking for more refills it. */
function renewUid({ uid }: Record<string, unknown>): Renew | undefined {
  return isFunction(uid) ? () => void uid(513) : undefined;
}

function renewNuid({ nuid }: Record<string, unknown>): Renew | undefined {
  if (!isRecord(nuid)) return undefined;
  const { init } = nuid;
  return isFunction(init) ? () => void Reflect.apply(init, nuid, []) : undefined;
}

const isFunction = (value: unknown): value is AnyFunction => typeof value === 'function';
