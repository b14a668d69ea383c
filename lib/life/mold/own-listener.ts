// Refuses an app that listens itself, at its boot. Booting its workers instead of forking them, as
// for other refusals, would not help: only one of them could listen.
import { displayName } from '../../config/display-name.js';
import { activity } from '../../fork-safety/audit/observer.js';
import { describeFinding, type Finding } from '../../protocol/finding.js';
import type { Orders } from '../process/birth.js';
import { exit } from '../process/exit.js';
import { send } from './reports.js';

/** The subject of its row in lib/fork-safety/catalogue/built-ins.ts. */
const subject = 'listen()';

/** Exits at a boot. A worker that cannot become a mold for this reason keeps serving instead. */
export function refuseOwnListener(app: string, findings: readonly Finding[], orders: Orders): void {
  if (activity.newborn) return;
  const found = findings.find(
    (finding) => finding.subject === subject && finding.severity === 'refuse',
  );
  if (!found) return;
  send(orders, { type: 'audited', findings: [...findings] });
  const reason = `${displayName(app)}: ${describeFinding(found)}`;
  send(orders, { type: 'failed', step: 'boot', reason, stack: null });
  exit(1);
}
