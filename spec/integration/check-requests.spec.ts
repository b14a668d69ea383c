// Goal: `pitchfork-ts check` sends the requests that it is given, with method, headers and body, and
// marks the answers: only a 5xx or none makes an app unsafe. Method: the real command on an app that
// prints what it receives.
import { expect } from 'chai';
import { resultOf, runCheck } from '../support/checked.js';

const app = `export default async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method, url, headers } = request;
  const body = Buffer.concat(chunks).toString();
  console.log('received', JSON.stringify([method, url, headers['content-type'], headers['x-a'], body]));
  if (url === '/stream') return void response.write('and so on');
  response.statusCode = Number(url.slice(1)) || 200;
  response.end();
};`;

/** As the app printed them, without repetitions. */
function received(stderr: string): unknown[] {
  const lines = [...stderr.matchAll(/^received (.*)$/gm)].map(([, json = '']) => json);
  return [...new Set(lines)].map((line) => JSON.parse(line) as unknown);
}

describe('the requests of pitchfork-ts check', function () {
  this.timeout(120_000);

  it('have the method, headers and body of the command line', async () => {
    const { code, stderr, trials } = await resultOf({
      app,
      args: [
        ...['--request', 'POST /graphql', '--request', '/?q=1', '--request', 'get /plain'],
        ...['-H', 'content-type: application/json', '--header', 'x-a: 1', '-H', 'X-A:2'],
        ...['--body', '{"query":"ä"}'],
      ],
    });
    const rest = ['application/json', '1, 2', '{"query":"ä"}'];
    expect(received(stderr)).to.deep.equal([
      ['POST', '/graphql', ...rest],
      ['POST', '/?q=1', ...rest],
      ['GET', '/plain', ...rest],
    ]);
    const names = trials.map(({ name }) => name).filter((name) => name.includes('fork 3: POST'));
    expect(names).to.deep.equal(['fork 3: POST /graphql', 'fork 3: POST /?q=1']);
    expect(code).to.equal(0);
  });

  it('are marked when the app refuses them, which is no verdict on the fork', async () => {
    const args = ['--request', '/', '--request', '/400', '--request', '/404'];
    const { code, stdout } = await runCheck({ app, args });
    expect(stdout).to.match(/^ {2}ok +fork 1: GET \/: 200 in \d+ ms$/m);
    for (const status of [400, 404])
      expect(stdout).to.match(
        new RegExp(
          `^  warn +fork 3: GET /${status}: ${status} in \\d+ ms: refused by the app`,
          'm',
        ),
      );
    expect(stdout).to.match(/\nsafe to fork, but read the warnings \(2\)\n$/);
    expect(code).to.equal(0);
  });

  it('fail for an error of the app', async () => {
    const { code, failure } = await resultOf({ app, args: ['--request', 'DELETE /503'] });
    expect(failure).to.match(/^DELETE \/503: 503 in \d+ ms$/);
    expect(code).to.equal(1);
  });

  it('do not wait for the end of a stream, but mark it', async () => {
    const { code, stdout } = await runCheck({ app, args: ['--request', '/stream'] });
    expect(stdout).to.match(/^ {2}warn +fork 1: GET \/stream: 200 in \d+ ms, and not at its end/m);
    expect(stdout).to.match(/^ {2}ok +promotion of fork 1: /m);
    expect(code).to.equal(0);
  });

  const mistakes: [args: string[], reason: RegExp][] = [
    [
      ['--request', 'graphql'],
      /--request: expected a path, or a method and a path, .*got 'graphql'/,
    ],
    [['--request', 'POST /a b'], /--request: expected a path.*got 'POST \/a b'/],
    [['--body', 'text'], /--body: needs a --request/],
    [['-H', 'a: b'], /--header: needs a --request/],
    [['--request', '/', '-H', 'no colon'], /--header: expected 'name: value', got 'no colon'/],
  ];
  for (const [args, reason] of mistakes)
    it(`refuses ${args.join(' ')} in one line`, async () => {
      const { code, stdout, stderr } = await runCheck({ app, args });
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr)
        .to.match(/^pitchfork-ts: [^\n]+\n$/)
        .and.to.match(reason);
    });
});
