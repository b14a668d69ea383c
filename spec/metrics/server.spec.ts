import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Script } from 'node:vm';
import { expect } from 'chai';
import { UserError } from '../../lib/base/user-error.js';
import {
  listenForMetrics,
  serveMetrics,
  type MetricsAddress,
  type MetricsContent,
  type MetricsServer,
} from '../../lib/metrics/server.js';

let unready: string | null = null;

const content = {
  collect: () => Promise.resolve('up 1\n'),
  stats: () => Promise.resolve({ pid: 42 }),
  unreadiness: () => unready,
};

const notices: string[] = [];

const openMetrics = async (address: MetricsAddress, shown: MetricsContent) =>
  serveMetrics(await listenForMetrics(address), address.path, shown, (_, text) =>
    notices.push(text),
  );

describe('serveMetrics', () => {
  let server: MetricsServer;
  const at = (path: string) => `http://127.0.0.1:${server.port}${path}`;

  beforeEach(async () => {
    server = await openMetrics({ host: '127.0.0.1', port: 0, path: '/metrics' }, content);
  });

  afterEach(() => server.close());

  it('answers with the Prometheus text', async () => {
    const response = await fetch(at('/metrics?x=1'));
    expect(response.headers.get('content-type')).to.equal(
      'text/plain; version=0.0.4; charset=utf-8',
    );
    expect(await response.text()).to.equal('up 1\n');
  });

  it('serves a live page that loads nothing from elsewhere', async () => {
    const response = await fetch(at('/'));
    expect(response.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    const html = await response.text();
    expect(html)
      .to.include("fetch('/stats.json'")
      .and.not.match(/(src|href)=|https?:/);
    const script = /<script>([^]*)<\/script>/.exec(html)?.[1] ?? '';
    expect(() => new Script(script)).not.to.throw();
    expect(await (await fetch(at('/stats.json'))).json()).to.deep.equal({ pid: 42 });
  });

  it('answers HEAD without a body, 404 elsewhere and 405 to other methods', async () => {
    expect(await (await fetch(at('/metrics'), { method: 'HEAD' })).text()).to.equal('');
    expect((await fetch(at('/other'))).status).to.equal(404);
    expect((await fetch(at('/__proto__'))).status).to.equal(404);
    const refused = await fetch(at('/metrics'), { method: 'POST', body: 'x'.repeat(100_000) });
    expect(refused.status).to.equal(405);
    expect(refused.headers.get('allow')).to.equal('GET, HEAD');
  });

  it('says whether the server is ready, and always that it is alive', async () => {
    const told = async (path: string): Promise<unknown> => {
      const response = await fetch(at(path));
      return [response.status, await response.text()];
    };
    expect(await told('/ready')).to.deep.equal([200, 'ready\n']);
    unready = 'booting';
    try {
      expect(await told('/ready')).to.deep.equal([503, 'booting\n']);
      expect(await told('/healthz')).to.deep.equal([200, 'alive\n']);
    } finally {
      unready = null;
    }
  });

  it('answers 500 when collecting fails, and goes on', async () => {
    const failing = await openMetrics(
      { host: '127.0.0.1', port: 0, path: '/metrics' },
      { ...content, collect: () => Promise.reject(new Error('no figures')) },
    );
    try {
      const response = await fetch(`http://127.0.0.1:${failing.port}/metrics`);
      expect(response.status).to.equal(500);
      expect(await response.text()).to.equal('cannot collect: no figures\n');
    } finally {
      await failing.close();
    }
  });

  it('survives garbage and clients that go away', async () => {
    for (const text of ['\0\0\0\r\n\r\n', 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n']) {
      const socket = connect(server.port, '127.0.0.1');
      await once(socket, 'connect');
      socket.write(text);
      socket.resetAndDestroy();
    }
    expect((await fetch(at('/metrics'))).status).to.equal(200);
  });

  it('closes while a client keeps its connection', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    await server.close();
    socket.destroy();
  });

  it('says in one line that the port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const error: unknown = await openMetrics(
        { host: '127.0.0.1', port, path: '/metrics' },
        content,
      ).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UserError);
      expect(String(error)).to.equal(
        `UserError: cannot listen on 127.0.0.1:${port} for metrics: EADDRINUSE: another process ` +
          'listens there (set `metrics` to another address, or to false)',
      );
    } finally {
      other.close();
    }
  });
});
