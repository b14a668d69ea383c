// The outcome of an operation, or the reason for its refusal: the answer to every operation.
export type Outcome =
  | { readonly ok: true; readonly [detail: string]: unknown }
  | { readonly ok: false; readonly error: string };
