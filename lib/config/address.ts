// Addresses as users write them: 8080, 'host:port', '[::1]:port', '/path.sock',
// 'unix:relative.sock'.
import { formatHost } from '../base/format-host.js';
import { readSocketPath, unexpected } from './readers.js';
import type { Address, Endpoint } from './settings.js';

const expected = 'a port, "host:port", "[::1]:port", "/path.sock" or "unix:path.sock"';

/** Throws an Error that says what was expected. A bare port means `defaultHost`. */
export function readEndpoint(
  value: unknown,
  { directory, defaultHost }: { directory: string; defaultHost: string },
): Endpoint {
  if (typeof value === 'number') {
    if (!isPort(value)) throw unexpected('a port from 0 to 65535', value);
    return { kind: 'tcp', host: defaultHost, port: value };
  }
  if (typeof value !== 'string') throw unexpected(expected, value);
  if (value.startsWith('unix:'))
    return { kind: 'unix', path: readSocketPath(value.slice('unix:'.length), directory) };
  if (value.startsWith('/')) return { kind: 'unix', path: readSocketPath(value, directory) };
  return readTcp(value, defaultHost);
}

function readTcp(value: string, defaultHost: string): Endpoint {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^\s/[\]:@]*)):)?(\d+)$/.exec(value);
  if (!match) {
    if (/^[0-9a-fA-F:]+:\d+$/.test(value))
      throw unexpected(`an IPv6 address in brackets, such as "[::1]:8080"`, value);
    throw unexpected(expected, value);
  }
  const port = Number(match[3]);
  if (!isPort(port)) throw unexpected('a port from 0 to 65535', value);
  return { kind: 'tcp', host: match[1] || match[2] || defaultHost, port };
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

/** The address as a user writes it. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return endpoint.path;
  return `${formatHost(endpoint.host)}:${endpoint.port}`;
}

/** The first address that occurs twice; port 0 is another port each time. */
export function duplicate(addresses: readonly Address[]): string | undefined {
  const seen = new Set<string>();
  for (const address of addresses) {
    if (address.kind === 'tcp' && address.port === 0) continue;
    const text = formatEndpoint(address);
    if (seen.has(text)) return text;
    seen.add(text);
  }
  return undefined;
}
