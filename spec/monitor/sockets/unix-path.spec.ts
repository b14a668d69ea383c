// Goal: only a socket without a listener is ever replaced; anything else at the path is refused and
// left as it is. Method: real files and sockets in a directory of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UserError } from '../../../lib/base/user-error.js';
import { listenOnPath, type UnixSocket } from '../../../lib/monitor/sockets/unix-path.js';
import { native } from '../../../lib/system/native.js';

describe('listenOnPath', () => {
  let directory: string;
  let path: string;
  const opened: UnixSocket[] = [];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pitchfork-'));
    path = join(directory, 'app.sock');
  });

  afterEach(() => {
    for (const socket of opened.splice(0)) native.closeDescriptor(socket.fd);
    rmSync(directory, { recursive: true });
  });

  const listen = async (at = path): Promise<UnixSocket> => {
    const socket = await listenOnPath({ path: at, backlog: 16, mode: 0o600 }, 'somebody is there');
    opened.push(socket);
    return socket;
  };

  const refusal = async (at = path): Promise<string> => {
    const error: unknown = await listen(at).catch((reason: unknown) => reason);
    if (error instanceof UserError) return error.message;
    throw new Error(`expected a refusal, got ${String(error)}`);
  };

  const answers = async (): Promise<boolean> => {
    const socket = connect(path);
    const [event] = await Promise.race([
      once(socket, 'connect').then(() => [true]),
      once(socket, 'error').then(() => [false]),
    ]).catch(() => [false]);
    socket.destroy();
    return event === true;
  };

  /** A socket whose server was killed. */
  const leaveStale = async (): Promise<void> => {
    const text = `require('net').createServer().listen(${JSON.stringify(path)}, () => {
      process.kill(process.pid, 'SIGKILL') })`;
    await once(spawn(process.execPath, ['-e', text]), 'exit');
    expect(lstatSync(path).isSocket()).to.be.true;
  };

  it('makes a socket with the requested mode', async () => {
    await listen();
    expect(lstatSync(path).mode & 0o777).to.equal(0o600);
    expect(await answers()).to.be.true;
  });

  it('replaces a stale socket, and leaves nothing beside it', async () => {
    await leaveStale();
    await listen();
    expect(await answers()).to.be.true;
    expect(readdirSync(directory)).to.deep.equal(['app.sock']);
  });

  it('refuses a path on which a server listens, and leaves it alone', async () => {
    const server: Server = createServer().listen(path);
    await once(server, 'listening');
    const { ino } = lstatSync(path);
    expect(await refusal()).to.equal('somebody is there');
    expect(lstatSync(path).ino).to.equal(ino);
    expect(await answers()).to.be.true;
    server.close();
    await once(server, 'close');
  });

  it('never deletes a file', async () => {
    writeFileSync(path, 'precious');
    expect(await refusal()).to.equal(
      `cannot listen on ${path}: a file that is not a socket is there`,
    );
    expect(readFileSync(path, 'utf8')).to.equal('precious');
  });

  it('never deletes or follows a symbolic link, dangling or not (C5)', async () => {
    const target = join(directory, 'target');
    symlinkSync(target, path);
    expect(await refusal()).to.equal(`cannot listen on ${path}: a symbolic link is there`);
    writeFileSync(target, 'precious');
    expect(await refusal()).to.equal(`cannot listen on ${path}: a symbolic link is there`);
    expect(lstatSync(path).isSymbolicLink()).to.be.true;
    expect(readFileSync(target, 'utf8')).to.equal('precious');
  });

  it('refuses a directory', async () => {
    mkdirSync(path);
    expect(await refusal()).to.equal(`cannot listen on ${path}: a directory is there`);
  });

  it('reports a missing directory', async () => {
    const missing = join(directory, 'no', 'app.sock');
    expect(await refusal(missing)).to.equal(
      `cannot listen on ${missing}: ENOENT: its directory does not exist`,
    );
  });

  it('takes a path of 107 bytes, and refuses a longer one', async () => {
    const longest = join(directory, 'x'.repeat(107 - directory.length - 1));
    await listen(longest);
    expect(await refusal(`${longest}x`)).to.equal(
      `cannot listen on ${longest}x: the path is 108 bytes long, a socket's can have 107 ` +
        '(choose a shorter one)',
    );
  });

  it('removes its own path only', async () => {
    const socket = await listen();
    renameSync(path, `${path}.old`);
    const other = await listen();
    socket.unlink();
    expect(await answers()).to.be.true;
    other.unlink();
    other.unlink();
    expect(readdirSync(directory)).to.deep.equal(['app.sock.old']);
  });

  it('has exactly one winner when several start together over a stale socket (C6)', async function () {
    this.timeout(60_000);
    const program = new URL('../../../lib/monitor/sockets/unix-path.js', import.meta.url).href;
    const text = `
      const { listenOnPath } = await import('${program}');
      process.once('message', () => listenOnPath(
        { path: ${JSON.stringify(path)}, backlog: 16, mode: 0o600 }, 'lost',
      ).then(() => process.send('won'), (error) => process.send(error.message)));
      process.once('disconnect', () => process.exit());
    process.send('ready');`;
    for (let round = 0; round < 10; round++) {
      // The winner of the previous round exited without removing its path.
      if (round === 0) await leaveStale();
      const rivals = [1, 2, 3].map(() =>
        spawn(process.execPath, ['--input-type=module', '-e', text], {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        }),
      );
      await Promise.all(rivals.map((rival) => once(rival, 'message')));
      const outcomes = rivals.map((rival) => once(rival, 'message'));
      for (const rival of rivals) rival.send('go');
      const words = (await Promise.all(outcomes)).map(([word]) => String(word));
      const live = await answers();
      for (const rival of rivals) rival.disconnect();
      await Promise.all(rivals.map((rival) => once(rival, 'exit')));
      expect(words.sort()).to.deep.equal(['lost', 'lost', 'won']);
      expect(live).to.be.true;
    }
  });
});
