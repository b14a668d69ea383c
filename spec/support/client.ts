// A client that keeps one connection alive, so that all its requests reach one worker during that
// worker's life.
import { Agent, request as httpRequest } from 'node:http';

export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(readonly port: number) {}

  request(
    path = '/',
    { method = 'GET', body, type }: { method?: string; body?: string; type?: string } = {},
  ): Promise<{ status: number; text: string }> {
    const { port } = this;
    const headers = {
      ...(type && { 'content-type': type }),
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, method, path, agent: this.#agent, headers };
      const request = httpRequest({ ...options, timeout: 30_000 }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      });
      request.on('timeout', () => request.destroy(new Error(`${path}: no answer`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  /** The answer's JSON; anything but 200 is an error. */
  async json<T>(path = '/', options?: Parameters<Client['request']>[1]): Promise<T> {
    const { status, text } = await this.request(path, options);
    if (status !== 200) throw new Error(`${path}: ${status} ${text.slice(0, 200)}`);
    return JSON.parse(text) as T;
  }

  close(): void {
    this.#agent.destroy();
  }
}
