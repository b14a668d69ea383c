// Records a child's report, if it may make it. The plan draws the conclusions.
import { describeFinding } from '../../protocol/finding.js';
import { textLength, truncated } from '../../protocol/limits.js';
import type { Report } from '../../protocol/message.js';
import { objection } from './admission.js';
import * as change from './child.js';
import { isStarting, type Child } from './child.js';
import type { Fleet } from './fleet.js';

/** Returns the rule of the protocol that the report breaks; then only that is recorded. */
export function hear(fleet: Fleet, child: Child, report: Report, now: number): string | null {
  const breach = objection(fleet, child, report);
  if (breach === null) record(fleet, child, report, now);
  else change.setBreach(child, breach);
  return breach;
}

/** The channel itself was broken, by a message against the rule. */
export function hearBreach(fleet: Fleet, child: Child, rule: string, now: number): void {
  change.setBreach(child, rule);
  fleet.hungUp(child, now);
}

function record(fleet: Fleet, child: Child, report: Report, now: number): void {
  // Sent by the watchdog while the event loop is blocked, so it is not a heartbeat.
  if (report.type === 'stuck') return change.setStack(child, report.stack);
  change.markHeard(child, now);
  switch (report.type) {
    case 'born':
      if (child.state === 'spawning') change.enterState(child, 'starting', now);
      return;
    case 'configured':
      return fleet.rollouts.setConfigured(child, report.options);
    case 'serving':
      return serves(fleet, child, now);
    case 'heartbeat':
      return change.setFigures(child, report.figures, report.urgent, now);
    case 'leaving':
      change.setFigures(child, report.figures, null, now);
      return leaves(fleet, child, now);
    case 'dismissed':
      return leaves(fleet, child, now);
    case 'drained':
      return change.setFigures(child, { ...report.figures, inFlight: 0 }, null, now);
    case 'frozen':
      return froze(fleet, child, now);
    case 'forked':
      return forked(fleet, child, report.id, now);
    case 'forkFailed':
      return fleet.notForked(child, report.id, report.reason, now);
    case 'failed':
      return failed(fleet, child, reasonOf(report), now);
    case 'uncaught':
      return report.handled ? undefined : change.setReason(child, report.reason);
    case 'refused':
      return refused(fleet, child, report, now);
    case 'overran':
      return change.markRequestTimedOut(child);
    case 'unsafe':
      return change.setUnsafe(child, report.reason);
    case 'audited':
    case 'cut':
    case 'exercised':
    case 'measured':
    case 'note':
    case 'traced':
      return;
  }
}

/** The step is named unless it is the boot, where the reason speaks for itself. */
export const reasonOf = ({ step, reason }: Extract<Report, { type: 'failed' }>): string =>
  step === 'boot' ? reason : `${step}: ${reason}`;

function serves(fleet: Fleet, child: Child, now: number): void {
  if (!isStarting(child)) return;
  change.enterState(child, 'serving', now);
  if (child.role === 'service') fleet.serviceStarts.succeeded();
  else fleet.codeLoaded();
  fleet.rollouts.serving(child, now);
}

/** A newborn that has ended since, before its first act, has no pid and will not get one. */
function forked(fleet: Fleet, mold: Child, id: number, now: number): void {
  change.forkAnswered(mold, id);
  change.countFork(mold, 'done');
  const newborn = fleet.get(id);
  if (newborn && newborn.hungUpAt !== null) fleet.hungUp(newborn, now);
}

function leaves(fleet: Fleet, child: Child, now: number): void {
  if (child.state === 'killed') return;
  change.enterState(child, 'leaving', now);
  fleet.rollouts.leaving(child, now);
}

function failed(fleet: Fleet, child: Child, reason: string, now: number): void {
  change.setReason(child, reason);
  fleet.rollouts.failIfInvolved(child, reason);
  // A child that was never ready stays a failed start, whatever else it reports.
  if (!isStarting(child)) change.enterState(child, 'leaving', now);
}

function froze(fleet: Fleet, child: Child, now: number): void {
  if (child.state !== 'promoting' && child.state !== 'booting') return;
  const { attempt } = fleet.rollouts;
  const isCandidate = attempt !== null && fleet.rollouts.isCandidate(child);
  const generation = isCandidate ? attempt.generation : child.generation;
  // A mold booted for lack of one has no older mold to be compared with.
  change.becomeMold(child, { generation, proven: !isCandidate }, now);
  fleet.codeLoaded();
}

/** The audit refused to make it a mold; it exits or continues to serve. */
function refused(
  fleet: Fleet,
  child: Child,
  { findings, leaves }: Extract<Report, { type: 'refused' }>,
  now: number,
): void {
  const found = findings.map(describeFinding).join('; ');
  const reason = truncated(`cannot be forked: ${found}`, textLength.line);
  if (child.state === 'booting') {
    const unforkable = { reason, generation: child.generation };
    if (fleet.rollouts.isCandidate(child)) fleet.rollouts.setUnforkable(unforkable);
    else fleet.code.setUnforkable(unforkable);
    fleet.codeLoaded();
  }
  fleet.rollouts.failIfInvolved(child, reason);
  change.setReason(child, leaves ? reason : null);
  // An order to exit may have crossed with the report.
  if (leaves || child.state === 'promoting')
    change.enterState(child, leaves ? 'leaving' : 'serving', now);
}
