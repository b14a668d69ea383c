// Sends a body to an app that may not survive it.
import { request } from 'node:http';

/** Resolves with the pid that answered; null if none did. */
export function post(port: number, path: string, body: Buffer | string): Promise<number | null> {
  return new Promise((resolve) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method: 'POST', agent: false, timeout: 10_000 },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += String(part)));
        response.on('end', () => resolve(Number(text)));
        response.on('error', () => resolve(null));
      },
    );
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(null));
    sent.end(body);
  });
}
