// What an audit tells: one fact about this process, what a fork would do to it, and the remedy.

export interface Finding {
  /** A package's name, or what else it is about: 'worker_threads', 'inspector', 'file lock', … */
  readonly subject: string;
  readonly version: string | null;
  /** 'refuse': no fork may be made; 'warn': read this; 'info': told for completeness. */
  readonly severity: 'refuse' | 'warn' | 'info';
  /** What was found, as a phrase: 'runs 3 threads ("libvips worker")'. */
  readonly found: string;
  /** What goes wrong in a fork; '' when nothing does. */
  readonly breaks: string;
  readonly remedy: string;
  /** Where it is documented, or how it was observed; null where the finding speaks for itself. */
  readonly evidence: string | null;
}

/** One line for the log. */
export function describeFinding(finding: Finding): string {
  const { subject, version, found, breaks, remedy, evidence } = finding;
  const name = version === null ? subject : `${subject}@${version}`;
  const link = evidence?.startsWith('https://') ? ` (${evidence})` : '';
  return [`${name} ${found}`, breaks, remedy].filter(Boolean).join(': ') + link;
}
