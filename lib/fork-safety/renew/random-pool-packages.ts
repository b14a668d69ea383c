// Packages that keep random bytes for later: pools that identifiers are cut from, and parts of
// identifiers that are drawn once per process. Each entry gives the lengths that are kept, since
// bytes that the package draws for the app (a key, a bson UUID) belong to the app and must not
// change.

export interface RandomPoolPackage {
  /** Whether a draw of that many bytes goes to a pool. */
  readonly keeps: (bytes: number) => boolean;
  /** Post-processing of drawn bytes. */
  readonly shape?: (bytes: Uint8Array) => void;
}

const only =
  (...lengths: number[]) =>
  (bytes: number) =>
    lengths.includes(bytes);
const atLeast = (least: number) => (bytes: number) => bytes >= least;

export const randomPoolPackages = new Map<string, RandomPoolPackage>([
  // The random part of every ObjectId of a process. Its UUIDs have 16 bytes, and are the app's.
  ['bson', { keeps: only(5) }],
  ['@lukeed/csprng', { keeps: only(4096) }], // The pool of uid/secure.
  ['base64id', { keeps: only(4096) }], // Socket.IO's and Engine.IO's session ids.
  ['dd-trace', { keeps: only(65_536) }],
  ['id128', { keeps: atLeast(1024) }],
  // Ids of pooled server sessions. Shared by two processes, the second write looks like a retry of
  // the first and is skipped.
  ['mongodb', { keeps: only(16), shape: asVersion4 }],
  ['nanoid', { keeps: atLeast(128) }], // 128 identifiers at a time.
  ['undici', { keeps: atLeast(1024) }], // Masks of WebSocket frames.
  ['uuid', { keeps: only(16, 256) }],
  ['uuid-random', { keeps: atLeast(1024) }],
  ['uuidv7', { keeps: only(32) }],
  ['ws', { keeps: atLeast(1024) }], // Masks of WebSocket frames.
]);

/** A fast rejection of most draws of the app. */
export function isKeptByAny(bytes: number): boolean {
  for (const { keeps } of randomPoolPackages.values()) if (keeps(bytes)) return true;
  return false;
}

/** Sets version and variant of a UUID v4 (RFC 9562, 5.4). */
function asVersion4(bytes: Uint8Array): void {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
}
