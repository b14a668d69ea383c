// Clients that hold a connection and do little with it: the same ones for every listener.
import { connect, type Socket } from 'node:net';

export interface SlowClient {
  readonly name: string;
  /** Called once it is connected; may return a timer. */
  readonly act: (socket: Socket) => NodeJS.Timeout | undefined;
}

const head = 'GET /stats HTTP/1.1\r\nHost: localhost\r\n';

const send =
  (text: string) =>
  (socket: Socket): undefined => {
    socket.write(text);
  };

const drip = (start: string, piece: string) => (socket: Socket) => {
  socket.write(start);
  return setInterval(() => socket.write(piece), 250);
};

export const slowClients: readonly SlowClient[] = [
  { name: 'says nothing', act: () => undefined },
  { name: 'sends half a head', act: send(head) },
  { name: 'sends its head byte by byte', act: drip(`${head}X: `, 'x') },
  { name: 'sends a body byte by byte', act: drip(`${head}Content-Length: 999\r\n\r\n`, 'x') },
  {
    name: 'sends chunks for ever',
    act: drip(`${head}Transfer-Encoding: chunked\r\n\r\n`, '1\r\na\r\n'),
  },
];

const place = (where: number | string): { port: number; host: string } | { path: string } =>
  typeof where === 'number' ? { port: where, host: '127.0.0.1' } : { path: where };

/** Resolves when the server has ended the connection. A port of 127.0.0.1, or a unix socket. */
export function untilLetGo(where: number | string, { act }: SlowClient): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const socket = connect(place(where), () => (timer = act(socket)));
    socket.on('error', () => undefined).on('end', () => socket.destroy());
    socket.resume().on('close', () => (clearInterval(timer), resolve()));
  });
}

export interface Crowd {
  /** How often one of them was sent away. */
  readonly sentAway: number;
  leave(): void;
}

/** `count` clients of one kind, that come back whenever they are sent away. */
export function crowd(where: number | string, count: number, { act }: SlowClient): Crowd {
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let sentAway = 0;
  let over = false;
  const come = (): void => {
    if (over) return;
    let timer: NodeJS.Timeout | undefined;
    const socket = connect(place(where), () => (timer = act(socket)));
    sockets.add(socket);
    socket.on('error', () => undefined).resume();
    socket.on('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
      sentAway++;
      const again = setTimeout(() => (timers.delete(again), come()), 100);
      timers.add(again);
    });
  };
  for (let client = 0; client < count; client++) come();
  return {
    get sentAway() {
      return sentAway;
    },
    leave() {
      over = true;
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}
