// Records a child's report. The plan draws the conclusions.
import { describeFinding } from '../../protocol/finding.js';
import type { Report } from '../../protocol/message.js';
import * as change from './child.js';
import { isStarting, type Child } from './child.js';
import type { Fleet } from './fleet.js';

export function hear(fleet: Fleet, child: Child, report: Report, now: number): void {
  // Sent by the watchdog while the event loop is blocked, so it is not a heartbeat.
  if (report.type === 'stuck') return change.setStack(child, report.stack);
  change.markHeard(child, now);
  switch (report.type) {
    case 'born':
      change.setPid(child, report.pid);
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
      return fleet.forked(child, report.id, report.pid);
    case 'forkFailed':
      return fleet.notForked(child, report.id, report.reason, now);
    case 'failed':
      return failed(fleet, child, reasonOf(report), now);
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

function leaves(fleet: Fleet, child: Child, now: number): void {
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
  const reason = `cannot be forked: ${findings.map(describeFinding).join('; ')}`;
  if (child.state === 'booting') {
    const unforkable = { reason, generation: child.generation };
    if (fleet.rollouts.isCandidate(child)) fleet.rollouts.setUnforkable(unforkable);
    else fleet.code.setUnforkable(unforkable);
    fleet.codeLoaded();
  }
  fleet.rollouts.failIfInvolved(child, reason);
  change.setReason(child, leaves ? reason : null);
  change.enterState(child, leaves ? 'leaving' : 'serving', now);
}
