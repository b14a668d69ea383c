// The findings that a log has shown: a warning that has not changed since the last generation is no
// news to an operator.
import type { Finding } from '../../protocol/finding.js';
import type { Log } from './log.js';

const ofLogs = new WeakMap<Log, KnownFindings>();

/** Of the server that writes this log. */
export function knownFindings(log: Log): KnownFindings {
  const known = ofLogs.get(log) ?? new KnownFindings();
  ofLogs.set(log, known);
  return known;
}

export class KnownFindings {
  /** Those of the last audit. */
  #texts: ReadonlySet<string> = new Set();
  #audited: number | null = null;

  /** Records an audit's findings, and returns those that the audit before it did not have. */
  record(child: number, findings: readonly Finding[]): Finding[] {
    const before = this.#texts;
    this.#texts = new Set(findings.map(textOf));
    this.#audited = child;
    return findings.filter((finding) => !before.has(textOf(finding)));
  }

  /** A mold is ready; an audit without findings is not reported. */
  moldReady(child: number): void {
    if (this.#audited !== child) this.#texts = new Set();
  }
}

/** Pids and counts differ from process to process; a version is part of the text. */
function textOf({ severity, subject, version, found, breaks, remedy }: Finding): string {
  const text = [found, breaks, remedy].join('\n').replaceAll(/\d+/g, '');
  return [severity, subject, version, text].join('\n');
}
