// Goal: strangers who hold connections take nobody's place, on any listener that the server opens:
// probes, metrics, operators and the app's clients are answered. Method: crowds of every kind of
// slow client on all listeners of one server at once, larger than their places, that come back when
// they are sent away (spec/operators/server.spec.ts has each kind by itself).
import { expect } from 'chai';
import { ask, type Ask } from '../support/raw-connection.js';
import { Server } from '../support/server.js';
import { crowd, slowClients, untilLetGo, type Crowd } from '../support/slow-clients.js';
import { until } from '../support/until.js';

const token = 'correct-horse-battery';
const authorization = { headers: { Authorization: `Bearer ${token}` } };
const app = {
  text: `export default (request, response) => {
  request.resume();
  request.on('end', () => response.end('x'));
};`,
};

interface Listener {
  readonly name: string;
  readonly place: number | string;
  readonly questions: readonly (readonly [path: string, ask?: Ask])[];
  /** Whether it is for operators only: those let slow clients go within seconds. */
  readonly isPrivate: boolean;
}

describe('slow clients (D1)', () => {
  let server: Server;
  let listeners: readonly Listener[];
  const crowds: Crowd[] = [];

  before(async () => {
    server = await Server.start({
      app,
      workers: 1,
      config: `remoteControl: { listen: '127.0.0.1:0', token: '${token}' },`,
    });
    const remote = String(server.log('monitor started')[0]?.['remoteControl']);
    listeners = [
      {
        ...{ name: 'metrics', place: server.metricsPort, isPrivate: true },
        questions: [['/healthz'], ['/ready'], ['/metrics'], ['/stats.json']],
      },
      {
        ...{ name: 'remote control', place: Number(new URL(remote).port), isPrivate: true },
        questions: [['/stats', authorization]],
      },
      {
        ...{ name: 'the control socket', place: server.control, isPrivate: true },
        questions: [['/stats']],
      },
      { name: 'the app', place: server.port, questions: [['/']], isPrivate: false },
    ];
  });

  afterEach(() => {
    for (const one of crowds.splice(0)) one.leave();
  });
  after(() => server.destroy());

  it('keep nobody out, however many and of whatever kind', async () => {
    const entered = listeners.map(({ place }) =>
      slowClients.map((client) => crowd(place, 40, client)),
    );
    crowds.push(...entered.flat());
    await until('strangers to be sent away', () =>
      entered.every(
        (kinds, index) =>
          !listeners[index]?.isPrivate || kinds.every(({ sentAway }) => sentAway > 0),
      ),
    );
    for (const { name, place, questions } of listeners)
      for (const [path, how] of questions)
        for (let time = 0; time < 5; time++)
          expect((await ask(place, path, how)).status, `${name} ${path}`).to.equal(200);
  });

  it('are let go by the listeners for operators', async () => {
    await Promise.all(
      listeners
        .filter(({ isPrivate }) => isPrivate)
        .flatMap(({ place }) => slowClients.map((client) => untilLetGo(place, client))),
    );
  });

  it('cost the log a bounded number of lines', async () => {
    const lines = server.log().filter(({ msg }) => /too many connections|refused/.test(msg));
    const kinds = new Set(lines.map(({ msg }) => msg));
    expect([...kinds]).to.include('metrics: too many connections, closed the least active');
    for (const kind of kinds)
      expect(lines.filter(({ msg }) => msg === kind).length, kind).to.be.below(30);
    await server.stop();
  });
});
