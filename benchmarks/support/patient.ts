// Retries of control requests: a hot restart cuts the connections to the monitor.

const tries = 20;
const pauseMs = 100;

/** Retries while the connection to the monitor is cut. */
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
