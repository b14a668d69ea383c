// A TCP port of loopback that is free, and stays so until it is used: the kernel gives none of this
// range to a socket without a port of its own, and parallel jobs of mocha have halves of it. So a
// neighbour can neither take it in between nor be mistaken for what a spec has left behind.
import { native } from '../../lib/system/native.js';

/** Below the default ip_local_port_range: ip(7). */
const first = 20_000;
const perJob = 6_000;

const job = Number(process.env['MOCHA_WORKER_ID'] ?? 0) % 2;
let next = Math.floor(Math.random() * perJob);

export function freePort(): number {
  for (;;) {
    const port = first + job * perJob + (next++ % perJob);
    if (isFree(port)) return port;
  }
}

function isFree(port: number): boolean {
  const options = { backlog: 1, reusePort: false, ipv6Only: false };
  try {
    native.closeDescriptor(native.listenTcp({ address: '127.0.0.1', port, ...options }));
    return true;
  } catch {
    return false;
  }
}
