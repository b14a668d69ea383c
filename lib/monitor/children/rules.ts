// The rules for a child's channel: a schema for its reports, limits of their length, and a budget.
import type { Rules } from '../../protocol/channel.js';
import { Budget } from '../../protocol/budget.js';
import { limitOf, messageBytes, snapshotBytes, startBytes } from '../../protocol/limits.js';
import type { Order, Report } from '../../protocol/message.js';
import { parseReport } from '../../protocol/reports.js';

/** Orders are few and short. The kernel holds some hundreds of them before any are left here. */
const mostUnread = 64 * 1024;

/** Reports that are neither logged nor followed by an exit: each child sends many. */
const frequent: ReadonlySet<Report['type']> = new Set([
  ...(['heartbeat', 'measured', 'traced'] as const),
  ...(['forked', 'forkFailed', 'born', 'serving'] as const),
]);

/** The length of the answer to an order. */
const answerBytes: Partial<Record<Order['type'], number>> = {
  measure: snapshotBytes,
  trace: messageBytes,
  exercise: messageBytes,
  spawn: 1_024,
};

export interface ChildRules extends Rules<Report> {
  /** Its answer is not counted against the child. */
  ordered(order: Order): void;
}

export function childRules(): ChildRules {
  const budget = new Budget(performance.now());
  return {
    lines: { limitOf, startBytes },
    mostUnread,
    admit: (bytes) => budget.takeBytes(bytes, performance.now()),
    parse: (line) => {
      budget.takeMessage(performance.now());
      const report = parseReport(line);
      if (!frequent.has(report.type)) budget.takeNote(performance.now());
      return report;
    },
    ordered: ({ type }) => {
      const bytes = answerBytes[type];
      if (bytes !== undefined) budget.expectAnswer(bytes);
    },
  };
}
