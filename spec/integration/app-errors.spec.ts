// Goal: what an app does wrong in one request costs that request at most, not the worker. Method: each
// mistake twenty times, and the pids of the workers.
import { expect } from 'chai';
import { expectPostConditions } from '../support/post-conditions.js';
import { RawConnection } from '../support/raw-connection.js';
import { Server } from '../support/server.js';

const times = 20;

/** `[status, body]` that the client sees. */
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

describe('requests whose handlers', () => {
  let server: Server;
  afterEach(() => server.destroy());

  for (const [row, name, code, [status, body]] of mistakes)
    it(`${name} cost no worker (${row})`, async () => {
      server = await Server.start({
        app: {
          text: `export default (request, response) => {
          if (request.url === '/wrong') { ${code} return; }
          response.end(String(process.pid));
        };`,
        },
        workers: 1,
      });
      const pid = await server.get();
      const connection = await RawConnection.open(server.port);
      for (let time = 0; time < times; time++) {
        const answer = await connection.ask('/wrong');
        expect(answer).to.include({ status, body });
        expect(Object.keys(answer.headers)).to.not.include('set-cookie');
      }
      expect((await connection.ask('/')).body).to.equal(pid);
      connection.close();
      await expectPostConditions(server, { workers: 1 });
      await server.stop();
    });
});
