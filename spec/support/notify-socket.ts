// The datagram socket of a service manager such as systemd: a little Python, since Node has no unix
// datagram sockets.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const script = `
import json, socket, sys
name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + name[1:] if name[0] == '@' else name)
print('"bound"', flush=True)
while True: print(json.dumps(receiver.recv(65536).decode()), flush=True)
`;

export interface Notification {
  /** performance.now() of its arrival. */
  readonly at: number;
  readonly text: string;
}

export class NotifySocket {
  readonly received: Notification[] = [];

  private constructor(
    readonly name: string,
    readonly process: ChildProcess,
  ) {}

  /** `name` is a path, or '@name' in the abstract namespace. */
  static async open(name: string): Promise<NotifySocket> {
    const child = spawn('python3', ['-c', script, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    const socket = new NotifySocket(name, child);
    const lines = createInterface(child.stdout);
    await once(lines, 'line');
    lines.on('line', (line) =>
      socket.received.push({ at: performance.now(), text: JSON.parse(line) as string }),
    );
    return socket;
  }

  /** Messages received, without repetitions and lines for humans. */
  get states(): string[] {
    return this.received
      .map(({ text }) => text.split('\n', 1)[0] ?? '')
      .filter((line) => !/^(STATUS|WATCHDOG)=/.test(line));
  }

  get statuses(): string[] {
    return this.received.map(({ text }) => text).filter((text) => text.startsWith('STATUS='));
  }

  async close(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }
}
