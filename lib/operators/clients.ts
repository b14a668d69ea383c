// The connections of an operators' server, which no client can take away from others: places are
// limited, and who uses one least makes room. A newcomer competes with silent connections only, so
// it is heard, whatever the others are doing.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ClientRules {
  /** Requests in flight are never cut: they may wait for an operation of the monitor. */
  readonly sparesRequests: boolean;
  /** Connections were closed to make room for others. */
  readonly crowded: (closed: number) => void;
}

/** For connections without a request so far, and as many for the others. */
const maxPlaces = 64;
const silentMs = 2_000;
/** Without a byte read by the client; node:http waits for up to twice that. */
const stalledMs = 3_000;
/** From the end of the answer until the client has read it. */
const readingMs = 30_000;
/** Of answers that clients have not read yet, over all of them. */
const maxUnreadBytes = 32 * 1024 * 1024;
const sweepMs = 500;

/** In the order in which they make room. */
const stages = ['silent', 'idle', 'reading', 'waiting'] as const;
type Stage = (typeof stages)[number];

interface Client {
  readonly socket: Socket;
  /** Requests that are not answered, or whose answers are not read. */
  readonly responses: Set<ServerResponse>;
  /** Whether it has ever sent a request. */
  isKnown: boolean;
  /** Begin of its connection, of its last request, or of its silence since. */
  since: number;
  readingSince: number | null;
}

const now = (): number => performance.now();

export class Clients {
  readonly #rules: ClientRules;
  readonly #clients = new Map<Socket, Client>();
  readonly #sweeper: NodeJS.Timeout;
  #makesRoom = false;

  constructor(rules: ClientRules) {
    this.#rules = rules;
    this.#sweeper = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  add(socket: Socket): void {
    const client = { responses: new Set<ServerResponse>(), isKnown: false, readingSince: null };
    this.#clients.set(socket, { socket, since: now(), ...client });
    socket.once('close', () => this.#clients.delete(socket));
    this.#makeRoom();
  }

  /** A request has arrived. */
  begin(socket: Socket, response: ServerResponse): void {
    const client = this.#clients.get(socket);
    if (!client) return;
    client.responses.add(response);
    client.isKnown = true;
    client.since = now();
    response.once('close', () => {
      client.responses.delete(response);
      client.since = now();
      client.readingSince = null;
    });
    this.#makeRoom();
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  /** Not at once: whole bursts are accepted before the first of them is read. */
  #makeRoom(): void {
    if (this.#makesRoom || this.#clients.size <= maxPlaces) return;
    this.#makesRoom = true;
    setImmediate(() =>
      setImmediate(() => {
        this.#makesRoom = false;
        const all = [...this.#clients.values()];
        const silent = all.filter(({ isKnown }) => !isKnown);
        const others = all.filter((client) => client.isKnown && this.#mayGo(client));
        const closed = this.#closeSurplus(silent) + this.#closeSurplus(others);
        if (closed > 0) this.#rules.crowded(closed);
      }),
    );
  }

  #mayGo(client: Client): boolean {
    return !this.#rules.sparesRequests || stageOf(client) !== 'waiting';
  }

  #closeSurplus(clients: readonly Client[]): number {
    const surplus = inOrder(clients).slice(0, Math.max(0, clients.length - maxPlaces));
    for (const { socket } of surplus) socket.destroy();
    return surplus.length;
  }

  #sweep(): void {
    const at = now();
    for (const client of this.#clients.values()) {
      const { socket, since } = client;
      const stage = stageOf(client);
      // Half a request is left to node:http, which answers 408.
      if (stage === 'silent' && socket.bytesRead === 0 && at - since > silentMs) socket.destroy();
      if (stage !== 'reading') continue;
      if (client.readingSince === null) {
        client.readingSince = at;
        // node:http sets another one when the answer is read.
        socket.setTimeout(stalledMs);
      }
      if (at - client.readingSince > readingMs) socket.destroy();
    }
    this.#limitUnread();
  }

  #limitUnread(): void {
    const clients = [...this.#clients.values()];
    const readers = inOrder(clients.filter((client) => stageOf(client) === 'reading'));
    let bytes = readers.reduce((sum, { socket }) => sum + socket.writableLength, 0);
    for (const { socket } of readers) {
      if (bytes <= maxUnreadBytes) return;
      bytes -= socket.writableLength;
      socket.destroy();
      this.#rules.crowded(1);
    }
  }
}

function stageOf({ responses, isKnown }: Client): Stage {
  if (responses.size === 0) return isKnown ? 'idle' : 'silent';
  return [...responses].every(({ writableEnded }) => writableEnded) ? 'reading' : 'waiting';
}

/** The first to go comes first: by stage, then the longest in it. */
function inOrder(clients: readonly Client[]): Client[] {
  const rank = (client: Client): number => stages.indexOf(stageOf(client));
  return [...clients].sort((one, other) => rank(one) - rank(other) || one.since - other.since);
}
