// Goal: `ps` shows the role and the work of each process, in Pitchfork's form, after forks as
// before. Method: /proc/PID/cmdline of a server with requests in flight, across a refork and a
// phased restart.
import { expect } from 'chai';
import { processOf } from '../support/processes.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';
import { until } from '../support/until.js';

const app = {
  text: `
console.log('arguments', JSON.stringify(process.argv.slice(2)));
export default ({ url }, response) => {
  if (url.startsWith('/slow')) response.write(String(process.pid));
  else response.end(String(process.pid));
};
`,
};

const titleOf = (pid: number): string => processOf(pid)?.title ?? '';

const titled = (pid: number, title: string): Promise<boolean> =>
  until(`the title "${title}", not "${titleOf(pid)}"`, () => titleOf(pid) === title);

describe('a process title', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('names the role, the generation and the requests, and follows them', async () => {
    server = await Server.start({ app, workers: 1 });
    expect(titleOf(server.pid)).to.equal(`pitchfork-ts monitor - ${server.configFile}`);
    for (let generation = 0; ; generation++) {
      const { mold, workers } = await server.settled(generation);
      const pid = workers[0]?.pid ?? 0;
      const worker = `pitchfork-ts (gen:${generation}) worker[0] - requests: `;
      await titled(mold?.pid ?? 0, `pitchfork-ts (gen:${generation}) mold - ready`);
      await titled(pid, `${worker}0, waiting`);
      for (let request = 0; request < 3; request++) await server.get();
      await titled(pid, `${worker}3, waiting`);
      const connection = await RawConnection.open(server.port);
      connection.send('/slow/one?secret=1');
      await titled(pid, `${worker}3, processing: GET /slow/one`);
      connection.close();
      await titled(pid, `${worker}4, waiting`);
      if (generation === 2) break;
      expect((await server.refork()).body).to.include({ ok: true });
    }
    await server.stop();
  });

  it('has room for a long path, and leaves no trace in the arguments', async () => {
    server = await Server.start({ app, workers: 1 });
    const pid = (await server.stats()).workers[0]?.pid ?? 0;
    const connection = await RawConnection.open(server.port);
    connection.send(`/slow/${'x'.repeat(500)}`);
    const path = `/slow/${'x'.repeat(94)}`;
    await titled(pid, `pitchfork-ts (gen:0) worker[0] - requests: 0, processing: GET ${path}`);
    connection.close();
    expect(server.text()).to.include('arguments []\n');
    await server.stop();
  });

  it('shows while the app is loaded that its mold is starting', async () => {
    const text = 'await new Promise(() => setTimeout(() => {}, 60_000));';
    server = await Server.start({ app: { text }, eager: true });
    const pid = (await server.logged('booting')).pid ?? 0;
    await titled(pid, 'pitchfork-ts (gen:0) mold - starting...');
    server.signal('SIGTERM');
    expect((await server.exit).code).to.equal(0);
  });
});
