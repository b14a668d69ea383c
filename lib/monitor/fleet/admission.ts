// The reports that a child may make: by its role, in its state, and about forks that were ordered
// from it. A child is believed about itself only. Orders cross with reports, so a child that was
// told to exit, or was killed, may still finish what it had begun.
import type { Role } from '../../api/hooks.js';
import type { Report, ReportOf } from '../../protocol/message.js';
import type { Child, ChildState } from './child.js';
import type { Fleet } from './fleet.js';

type States = readonly ChildState[];
type Senders = Readonly<Partial<Record<Role, States>>>;

const born: States = ['booting', 'starting', 'serving', 'promoting'];
const unborn: States = ['booting', 'spawning'];
const beginning: States = [...unborn, 'starting'];
const ready: States = ['booting', 'starting'];
const atWork: States = ['serving', 'promoting'];
const everywhere: States = [...beginning, ...atWork, 'frozen'];

/** Of every role, states 'leaving' and 'killed' are added to the ones below. */
const senders: Readonly<Record<Report['type'], Senders>> = {
  born: { mold: unborn, worker: unborn, service: unborn },
  configured: { mold: ['booting'], worker: ['booting'], service: ['booting'] },
  serving: { worker: ready, service: ready },
  heartbeat: { worker: atWork, service: atWork },
  overran: { worker: born },
  traced: { worker: atWork, service: atWork },
  stuck: { worker: atWork, service: atWork },
  measured: { worker: atWork, service: atWork },
  leaving: { worker: atWork, service: atWork },
  drained: { worker: ['promoting'] },
  unsafe: { worker: born },
  audited: { mold: ['booting'], worker: ['promoting'] },
  refused: { mold: ['booting'], worker: ['promoting'] },
  frozen: { mold: ['booting'], worker: ['promoting'] },
  cut: { mold: ['booting', 'frozen'], worker: ['promoting'] },
  forked: { mold: ['frozen'] },
  forkFailed: { mold: ['frozen'] },
  dismissed: { mold: ['frozen'], worker: beginning, service: beginning },
  failed: { mold: everywhere, worker: everywhere, service: everywhere },
  uncaught: { mold: everywhere, worker: everywhere, service: everywhere },
  note: { mold: everywhere, worker: everywhere, service: everywhere },
  // Ordered by lib/check only, which does not ask here.
  exercised: {},
};

const ending: States = ['leaving', 'killed'];

/** The rule that the report breaks; null if the child may make it. */
export function objection(fleet: Fleet, child: Child, report: Report): string | null {
  const { type } = report;
  const states = senders[type][child.role];
  if (!states) return `${type}: not from a ${child.role}`;
  if (![...states, ...ending].includes(child.state)) return `${type}: not while ${child.state}`;
  if (type === 'born' && child.pid === null) return 'born: the kernel has seen no newborn';
  return type === 'forked' || type === 'forkFailed' ? forkObjection(fleet, child, report) : null;
}

function forkObjection(
  fleet: Fleet,
  { unansweredForks }: Child,
  { type, id }: ReportOf<'forked' | 'forkFailed'>,
): string | null {
  if (!unansweredForks.includes(id)) return `${type}.id: no fork that was ordered from it`;
  const isAlive = type === 'forkFailed' && (fleet.get(id)?.pid ?? null) !== null;
  return isAlive ? `${type}.id: the child lives` : null;
}
