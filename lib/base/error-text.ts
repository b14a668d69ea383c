// An error in words.

/** Its message; of what is thrown and is no Error, its text. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** With the stack, where there is one. */
export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Such as 'ENOENT'; '' where it has none. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';
