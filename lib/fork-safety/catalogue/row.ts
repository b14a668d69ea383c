// A row of the catalogue: the effect of a fork on a package, and the observations it applies to. A
// loaded package may be unused, so the audit refuses by evidence wherever possible.

/** A required observation. A row about a package also requires that package to be loaded. */
export type Condition =
  | { readonly when: 'loaded' }
  /** A native addon with a matching path. */
  | { readonly when: 'addon'; readonly file: RegExp }
  /** A thread with a matching name; without `named`, any thread that no other row claims. */
  | { readonly when: 'thread'; readonly named?: RegExp }
  /** Threads with a matching name that are idle, and so not missed in a fork. */
  | { readonly when: 'idle thread'; readonly named: RegExp }
  /** A live Worker of node:worker_threads. */
  | { readonly when: 'worker' }
  /** The thread of module.register(). */
  | { readonly when: 'module hooks' }
  /** A running child process. */
  | { readonly when: 'child' }
  /** An open file of that kind (HeldFile in lib/fork-safety/evidence/held-files.ts). */
  | { readonly when: 'file'; readonly how: 'database' | 'mapping' | 'lock' }
  | {
      readonly when: 'option';
      /** Matched against '--option value'. */
      readonly option: RegExp;
      /** Number of threads that the option starts before the app is loaded. */
      readonly threads: number;
      /** Restricts the condition to Node before this version. */
      readonly nodeBefore?: string;
    }
  /** A socket that the app listens on itself. */
  | { readonly when: 'listening' }
  /** A listening inspector. */
  | { readonly when: 'inspector' };

export interface Row {
  /** npm names; for `builtIn` rows the feature instead. */
  readonly packages: readonly string[];
  /** A feature of Node or of the system, not a package. */
  readonly builtIn?: true;
  /** A range in the syntax of version-range.ts. */
  readonly versions: string;
  /** One of these suffices; empty for documentation only. */
  readonly applies: readonly Condition[];
  /** The effect in a fork, as a phrase without a full stop. */
  readonly breaks: string;
  /** Advice, or for 'repaired' the repair, as a phrase without a full stop. */
  readonly remedy: string;
  /**
   * 'refuse': no fork is made; 'warn': forked with a warning; 'repaired': handled by the server;
   * 'info': no action needed; 'ok': nothing breaks.
   */
  readonly severity: 'refuse' | 'warn' | 'repaired' | 'info' | 'ok';
  /** A URL, a man page, or the origin: experiments, a construction. It is no present fault. */
  readonly evidence: string;
}
