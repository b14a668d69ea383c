// The errno error that a call throws; undefined if it returns.
export function refusal(call: () => unknown): NodeJS.ErrnoException | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
