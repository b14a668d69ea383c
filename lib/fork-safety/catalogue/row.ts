// What the catalogue says about a package, and which observation it takes for that to hold: a
// package that is loaded is not yet used, and the audit refuses by evidence where there is any.

/** What must be observed. A row that names a package also needs that package to be loaded. */
export type Condition =
  | { readonly when: 'loaded' }
  /** A native addon whose path matches. */
  | { readonly when: 'addon'; readonly file: RegExp }
  /** A thread of such a name; without a name: any that no other row claims. */
  | { readonly when: 'thread'; readonly named?: RegExp }
  /** Threads of such a name are there, but idle: none is missed in a fork. */
  | { readonly when: 'idle thread'; readonly named: RegExp }
  /** A live Worker of node:worker_threads. */
  | { readonly when: 'worker' }
  /** The thread that runs the hooks of module.register(). */
  | { readonly when: 'module hooks' }
  /** A child process that runs. */
  | { readonly when: 'child' }
  | { readonly when: 'file'; readonly how: 'database' | 'mapping' | 'lock' }
  | {
      readonly when: 'option';
      /** Tested against '--option value'. */
      readonly option: RegExp;
      /** How many threads it explains, that are there before the app. */
      readonly threads: number;
      /** Only for a Node before this version. */
      readonly nodeBefore?: string;
    }
  /** The inspector listens. */
  | { readonly when: 'inspector' };

export interface Row {
  /** npm names; for `builtIn` what it is about instead. */
  readonly packages: readonly string[];
  /** Of Node itself, or of the system: there is no package to be loaded. */
  readonly builtIn?: true;
  /** A range such as version-range.ts reads. */
  readonly versions: string;
  /** Any of them. None: nothing that could be observed, the row is there to be read. */
  readonly applies: readonly Condition[];
  readonly breaks: string;
  readonly remedy: string;
  /**
   * 'repaired': the server sees to it; 'info': true, but nothing that has to be done; 'ok': nothing
   * breaks.
   */
  readonly severity: 'refuse' | 'warn' | 'repaired' | 'info' | 'ok';
  /** A URL, or how it was observed. */
  readonly evidence: string;
}
