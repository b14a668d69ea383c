// The listening sockets of this process, from /proc: also those of native addons, and those that do
// not keep the event loop alive.
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs';

export interface ListeningSocket {
  /** Such as '127.0.0.1:3000', '[::]:3000', '/run/app.sock'. */
  readonly name: string;
  /** null for a unix socket. */
  readonly port: number | null;
}

/** By the inode numbers of their sockets; a duplicate of a descriptor has the same one. */
export function socketInodes(): Set<string> {
  const inodes = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? [];
    } catch {
      return []; // The descriptor of this very listing.
    }
  });
  return new Set(inodes);
}

/** All but those whose inodes are in `except`. */
export function listeningSockets(except: ReadonlySet<string>): ListeningSocket[] {
  const own = [...socketInodes()].filter((inode) => !except.has(inode));
  if (own.length === 0) return [];
  const listening = new Map(
    [
      ...parseTcp(readListening('/proc/self/net/tcp')),
      ...parseTcp(readListening('/proc/self/net/tcp6')),
      ...parseUnix(readFileSync('/proc/self/net/unix', 'utf8')),
    ].map(({ inode, ...socket }) => [inode, socket]),
  );
  return own.flatMap((inode) => listening.get(inode) ?? []);
}

interface Listed extends ListeningSocket {
  readonly inode: string;
}

/** TCP_LISTEN in include/net/tcp_states.h of the kernel. */
const tcpListen = '0A';

/** Parses the listening sockets in /proc/net/tcp or tcp6: proc_pid_net(5). */
export function parseTcp(text: string): Listed[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== tcpListen) return [];
    const number = Number.parseInt(port, 16);
    return [{ inode, name: `${hostOf(address)}:${number}`, port: number }];
  });
}

/** Parses the listening stream sockets in /proc/net/unix: proc_pid_net(5). */
export function parseUnix(text: string): Listed[] {
  return text.split('\n').flatMap((line) => {
    const [, flags = '', inode = '', name = '(nameless)'] =
      /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) ?(.+)?$/.exec(line) ?? [];
    if ((Number.parseInt(flags, 16) & acceptConnections) === 0) return [];
    // Names of the abstract namespace are padded with zeros, shown like its first one.
    return [{ inode, name: name.replace(/(?<=.)@+$/, ''), port: null }];
  });
}

/** __SO_ACCEPTCON in include/uapi/linux/net.h. */
const acceptConnections = 1 << 16;

const chunkBytes = 64 * 1024;

/**
 * The kernel lists listening sockets before all others, of which a busy machine has a great many
 * (net/ipv4/tcp_ipv4.c, tcp_get_idx): reads on only while there are listening ones.
 */
function readListening(file: string): string {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return ''; // A kernel without IPv6.
  }
  try {
    let text = '';
    const chunk = Buffer.alloc(chunkBytes);
    for (let length; (length = readSync(fd, chunk, 0, chunk.length, null)) > 0;) {
      const part = chunk.toString('latin1', 0, length);
      text += part;
      if (!part.includes(` ${tcpListen} `)) break;
    }
    return text;
  } finally {
    closeSync(fd);
  }
}

/** Addresses are groups of 4 bytes, each as a number in the byte order of the machine. */
function hostOf(hex: string): string {
  const words = Buffer.from(hex, 'hex');
  for (let word = 0; word < words.length; word += 4) words.subarray(word, word + 4).reverse();
  if (words.length === 4) return words.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    words.readUInt16BE(index * 2).toString(16),
  );
  return `[${new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)}]`;
}
