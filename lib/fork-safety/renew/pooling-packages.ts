// Packages that keep random bytes for later: pools from which they cut identifiers, and parts of
// identifiers that are drawn once per process. Each says which lengths it keeps, since what it
// makes for the app by the same functions (a key, a bson UUID) is the app's and must not change.

export interface PoolingPackage {
  /** Whether `bytes` is the length of something that it keeps. */
  readonly keeps: (bytes: number) => boolean;
  /** What it does to the bytes after they were drawn. */
  readonly shape?: (bytes: Uint8Array) => void;
}

const only =
  (...lengths: number[]) =>
  (bytes: number) =>
    lengths.includes(bytes);
const atLeast = (least: number) => (bytes: number) => bytes >= least;

export const poolingPackages = new Map<string, PoolingPackage>([
  // The random part of every ObjectId of a process. Its UUIDs are 16 bytes, and the app's.
  ['bson', { keeps: only(5) }],
  ['@lukeed/csprng', { keeps: only(4096) }], // The pool of uid/secure.
  ['base64id', { keeps: only(4096) }], // Socket.IO's and Engine.IO's session ids.
  ['dd-trace', { keeps: only(65_536) }],
  ['id128', { keeps: atLeast(1024) }],
  // Sessions of the server, which are pooled. Two processes that used one would be taken for one
  // that retries: its second write is not carried out.
  ['mongodb', { keeps: only(16), shape: asVersion4 }],
  ['nanoid', { keeps: atLeast(128) }], // 128 identifiers at a time.
  ['undici', { keeps: atLeast(1024) }], // Masks of WebSocket frames.
  ['uuid', { keeps: only(16, 256) }],
  ['uuid-random', { keeps: atLeast(1024) }],
  ['uuidv7', { keeps: only(32) }],
  ['ws', { keeps: atLeast(1024) }], // Masks of WebSocket frames.
]);

/** A quick answer for most calls of the app. */
export function isKeptBySome(bytes: number): boolean {
  for (const { keeps } of poolingPackages.values()) if (keeps(bytes)) return true;
  return false;
}

/** RFC 9562, 5.4. */
function asVersion4(bytes: Uint8Array): void {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
}
