// Asks every worker of a server. Which one gets a connection is the kernel's choice, so connections
// are opened until each worker has one; then each is asked once.
import { Client } from './client.js';
import type { Server } from './server.js';
import { until } from './until.js';

/**
 * The answer of each worker that serves now, by pid. The app answers `/` with JSON that has its
 * `pid`, and `path` with JSON.
 */
export async function fromEachWorker<Answer>(
  server: Server,
  path: string,
): Promise<Map<number, Answer>> {
  const serving = new Set((await server.stats()).workers.map(({ pid }) => pid));
  const clients = new Map<number, Client>();
  try {
    await until(`a connection to each of ${[...serving].join(', ')}`, async () => {
      const client = new Client(server.port);
      const { pid } = await client.json<{ pid: number }>();
      if (serving.has(pid) && !clients.has(pid)) clients.set(pid, client);
      else client.close();
      return clients.size === serving.size;
    });
    const asked = [...clients].map(
      async ([pid, client]) => [pid, await client.json<Answer>(path)] as const,
    );
    return new Map(await Promise.all(asked));
  } finally {
    for (const client of clients.values()) client.close();
  }
}
