// What a call threw, as an errno error; undefined when it threw nothing.
export function refusal(call: () => unknown): NodeJS.ErrnoException | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
