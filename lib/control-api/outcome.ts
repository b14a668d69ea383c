// How an operation ended, or why it was refused: the answer to every command that asks for one.
export type Outcome =
  | { readonly ok: true; readonly [detail: string]: unknown }
  | { readonly ok: false; readonly error: string };
