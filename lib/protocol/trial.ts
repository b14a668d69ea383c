// One trial of `pitchfork-ts check`: something that a fork must be able to do.

export interface Trial {
  readonly name: string;
  readonly ok: boolean;
  /** Why it failed, or a word about how it went. */
  readonly detail: string;
}
