// Whether an address can be reached from this machine only.

/** Of a host as users write it: a name or a numeric address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}
