// One trial of `pitchfork-ts check`: a capability that a fork must have.

export interface Trial {
  readonly name: string;
  readonly ok: boolean;
  /** The reason of a failure, or a remark on a success. */
  readonly detail: string;
}
