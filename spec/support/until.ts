// The one way to wait in a spec: for a condition, with a deadline.

const pollMs = 20;

/** Resolves with the first truthy answer. `what` completes "waited … for". */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 15_000,
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer as Exclude<T, false | undefined | null | 0 | ''>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(
        `waited ${timeoutMs} ms for ${what}${last instanceof Error ? `; last error: ${last.message}` : ''}`,
      );
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
