// The log line of each report. The texts are an interface: specs and people grep them.
import type { Report } from '../../protocol/message.js';
import { unreachable } from '../../base/unreachable.js';
import type { Child } from '../fleet/child.js';
import { knownFindings } from './known-findings.js';
import type { ChildFields, Log } from './log.js';

export function logReport(log: Log, child: Child, report: Report, now: number): void {
  const fields = fieldsOf(child);
  switch (report.type) {
    case 'born':
      log.debug(fields, 'born');
      break;
    case 'serving':
      log.info({ ...fields, ms: Math.round(now - child.createdAt) }, 'ready');
      break;
    case 'drained':
      log.info(fields, 'drained, becoming a mold');
      break;
    case 'frozen':
      knownFindings(log).moldReady(child.id);
      log.info(fields, 'mold ready');
      break;
    case 'audited': {
      const news = new Set(knownFindings(log).record(child.id, report.findings));
      for (const finding of report.findings)
        log[finding.severity === 'warn' && news.has(finding) ? 'warn' : 'debug'](
          { ...fields, ...finding },
          'fork safety',
        );
      break;
    }
    case 'refused':
      for (const finding of report.findings)
        log.error({ ...fields, ...finding }, 'cannot be forked');
      if (child.role === 'mold') log.warn(fields, 'workers are booted afresh instead of forked');
      break;
    case 'overran': {
      const { method, url, ageMs } = report.request;
      log.warn({ ...fields, method, path: url, ageMs }, 'request timed out');
      break;
    }
    case 'stuck':
      // Unless the event loop has turned since the request.
      if (child.stackRequestedAt !== null)
        log.error({ ...fields, stack: report.stack }, 'event loop blocked');
      break;
    case 'unsafe':
      log.warn({ ...fields, reason: report.reason }, 'no longer fork-safe');
      break;
    case 'cut': {
      const { count, connections } = report;
      log.info({ ...fields, count, connections }, 'cut connections of the app');
      break;
    }
    case 'forkFailed':
      log.error({ ...fields, ...failureOf(report) }, 'could not fork');
      break;
    case 'failed':
      log.error({ ...fields, step: report.step, ...failureOf(report) }, 'failed');
      break;
    case 'uncaught': {
      const text =
        report.origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception';
      if (report.handled)
        log.warn({ ...fields, ...failureOf(report) }, `${text}, handled by the app`);
      else log.error({ ...fields, ...failureOf(report) }, text);
      break;
    }
    case 'leaving':
      if (report.cut > 0) log.warn({ ...fields, cut: report.cut }, 'cut requests that overran');
      break;
    case 'note':
      log[report.level]({ ...fields, ...failureOf(report) }, report.text);
      break;
    case 'configured':
    case 'dismissed':
    case 'forked':
    case 'exercised':
    case 'heartbeat':
    case 'measured':
    case 'traced':
      break;
    default:
      unreachable(report);
  }
}

interface Failure {
  readonly reason?: string;
  readonly stack?: string | null;
}

function failureOf({ reason, stack }: Failure): Failure {
  return { ...(reason !== undefined && { reason }), ...(stack && { stack }) };
}

export function fieldsOf(child: Child): ChildFields {
  const { role, slot, generation, phase, pid } = child;
  return { role, slot, generation, phase, pid: pid ?? 0 };
}
