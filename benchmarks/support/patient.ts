// A hot restart cuts off who is talking to the monitor at that moment.

const tries = 20;
const pauseMs = 100;

/** Does it again when the connection to the monitor was cut. */
export async function patient<T>(act: () => T | Promise<T>): Promise<T> {
  for (let count = 1; ; count++)
    try {
      return await act();
    } catch (error) {
      if (count === tries || !isCut(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
}

const isCut = (error: unknown): boolean =>
  ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
