// The values that go into the functions of the native addon, and those that come out (native.ts).

/** The status of an exited child: waitpid(2). Exactly one of `code` and `signal` is not null. */
export interface Exit {
  pid: number;
  /** 0 to 255. */
  code: number | null;
  /** For example 'SIGKILL'. */
  signal: NodeJS.Signals | null;
}

export interface TcpListener {
  /** A numeric IPv4 or IPv6 address; the caller resolves names. */
  address: string;
  /** 0 lets the kernel choose; read it back with `boundPort`. */
  port: number;
  /** The length of the accept queue: listen(2). */
  backlog: number;
  /** SO_REUSEPORT, so that several sockets can share the address: socket(7). */
  reusePort: boolean;
  /** IPV6_V6ONLY: ipv6(7). */
  ipv6Only: boolean;
}

export interface UnixListener {
  path: string;
  backlog: number;
  /** Permission bits of the socket file, for example 0o660; in force from its creation on. */
  mode: number;
  /** The owner of the socket file, likewise from its creation on. Default: this process's. */
  uid?: number | undefined;
  gid?: number | undefined;
}

/**
 * The result of one recvmsg(2): bytes, since it can end within a character. Descriptors belong to
 * the last message in `data`.
 */
export interface Received {
  data: Buffer;
  fds: number[];
}

/** A connected socket and its bytes queued in the kernel. */
export interface Connection {
  fd: number;
  /** Bytes received and not read: SIOCINQ. */
  unread: number;
  /** Bytes written and, for TCP, not acknowledged; for unix sockets, not read: SIOCOUTQ. */
  unsent: number;
}

/** A connection that was cut. */
export interface CutConnection {
  /** Still open, but leading to a closed peer. */
  fd: number;
  kind: 'tcp' | 'unix' | 'pipe';
  /** "127.0.0.1:6379", "[::1]:6379", "/path.sock", "@abstract"; '' for a nameless end. */
  local: string;
  peer: string;
}

/** A listening socket inherited from the program before this one. */
export interface InheritedListener {
  kind: 'tcp' | 'unix';
  /** A numeric address, or a path; '@name' for the abstract namespace (unix(7)). */
  name: string;
  /** 0 for a unix socket. */
  port: number;
  /** An IPv6 socket that accepts no IPv4 connections. */
  ipv6Only: boolean;
}
