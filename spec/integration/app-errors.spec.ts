// Goal: an app's mistake in one request costs at most that request, not the worker. Method: each
// mistake twenty times, and the pids of the workers.
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';

const times = 20;

/** `[status, body]` as received by the client. */
const mistakes: readonly [row: string, name: string, code: string, answer: [number, string]][] = [
  ['F1', 'throw', `throw new Error('no');`, [500, 'Internal Server Error\n']],
  ['F2', 'reject', `return Promise.reject(new Error('no'));`, [500, 'Internal Server Error\n']],
  ['F5', 'answer twice', `response.end('once'); response.end('twice');`, [200, 'once']],
  ['F5', 'write after the end', `response.end('once'); response.write('more');`, [200, 'once']],
  [
    'F6',
    'put a line break into a header',
    `response.setHeader('x-name', 'a\\r\\nset-cookie: b=c'); response.end();`,
    [500, 'Internal Server Error\n'],
  ],
];

const routes = mistakes.map(([, name, code]) => `'/${name}': (request, response) => { ${code} },`);
const app = {
  text: `const routes = { ${routes.join('\n')} };
    export default (request, response) => {
      const route = routes[decodeURI(request.url)];
      return route ? route(request, response) : response.end(String(process.pid));
    };`,
};

describe('requests whose handlers', () => {
  let server: Server;
  let pid: string;
  before(async () => {
    server = await Server.start({ app, workers: 1 });
    pid = await server.get();
  });
  after(() => server.destroy());

  for (const [row, name, , [status, body]] of mistakes)
    it(`${name} cost no worker (${row})`, async () => {
      const connection = await RawConnection.open(server.port);
      for (let time = 0; time < times; time++) {
        const answer = await connection.ask(encodeURI(`/${name}`));
        expect(answer).to.include({ status, body });
        expect(Object.keys(answer.headers)).to.not.include('set-cookie');
      }
      connection.close();
      expect(await server.get()).to.equal(pid);
    });

  it('make any of these mistakes leave the server as it was', async () => {
    await expectPostConditions(server, { workers: 1 });
    await server.stop();
  });
});
