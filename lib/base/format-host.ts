// A host as it stands before a colon and a port.

/** IPv6 addresses in brackets: '[::1]'. */
export const formatHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
