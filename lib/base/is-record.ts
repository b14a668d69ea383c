// A guard for plain objects of unknown origin: parsed JSON, the exports of an app's library.

/** True for objects but arrays; false for functions, although they can have properties. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
