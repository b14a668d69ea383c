// The result of an audit: a fact about this process, its effect in a fork, and the remedy.

export interface Finding {
  /** The name of a package, or another subject: 'worker_threads', 'inspector', 'file lock', … */
  readonly subject: string;
  readonly version: string | null;
  /** 'refuse': must not be forked; 'warn': worth reading; 'info': for completeness. */
  readonly severity: 'refuse' | 'warn' | 'info';
  /** The fact, as a phrase: 'runs 3 threads ("libvips worker")'. */
  readonly found: string;
  /** The effect in a fork; '' if there is none. */
  readonly breaks: string;
  readonly remedy: string;
  /** The source, or the observation behind it; null where the finding needs none. */
  readonly evidence: string | null;
}

/** One line for the log. */
export function describeFinding(finding: Finding): string {
  const { subject, version, found, breaks, remedy, evidence } = finding;
  const name = version === null ? subject : `${subject}@${version}`;
  const link = evidence?.startsWith('https://') ? ` (${evidence})` : '';
  return [`${name} ${found}`, breaks, remedy].filter(Boolean).join(': ') + link;
}
