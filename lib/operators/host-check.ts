// A listener on loopback is meant for this machine. A web page is not, although the browser that
// shows it may run here: the page's own name can be made to resolve to 127.0.0.1 (DNS rebinding),
// and then the browser lets it read the answers. The Host header gives it away.
import type { IncomingMessage, Server } from 'node:http';
import { isLoopback } from '../config/loopback.js';

/** Answered with 421 Misdirected Request (RFC 9110, 15.5.20). */
export const misdirected =
  'this listener answers to localhost, to loopback addresses and to the host in the configuration';

/** The result tells a request to this machine, or to the configured host, from one to another. */
export function hostCheck(
  server: Server,
  configuredHost: string,
): (request: IncomingMessage) => boolean {
  let address: ReturnType<Server['address']> = null;
  return ({ headers }) => {
    // It is null again once the server closes.
    address ??= server.address();
    // A unix socket, or a listener that is open to other machines anyway.
    if (address === null || typeof address === 'string') return true;
    if (!isLoopback(address.address.replace(/^::ffff:/, ''))) return true;
    const { host } = headers;
    // Browsers always send it; probes of HTTP/1.0 do not.
    if (host === undefined || host === '') return true;
    const name = hostname(host);
    return name !== null && (isLoopback(name) || name === configuredHost.toLowerCase());
  };
}

/** Without port and brackets, in lower case; null if it is not a host. */
function hostname(host: string): string | null {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::\d*)?$/.exec(host) ?? [];
  return (bracketed ?? plain)?.toLowerCase() ?? null;
}

/** For the log. */
export const senderOf = ({ headers, socket }: IncomingMessage): object => ({
  host: headers.host?.slice(0, 100),
  from: socket.remoteAddress,
});
