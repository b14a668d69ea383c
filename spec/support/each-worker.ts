// Sends a request to every worker of a server. The kernel distributes the connections, so new ones
// are opened until each worker has one; then each gets one request.
import { Client } from './client.js';
import type { Server } from './server.js';
import { until } from './until.js';

/**
 * The answer of each serving worker, by pid. The app answers `/` with JSON that has its `pid`, and
 * `path` with JSON.
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
