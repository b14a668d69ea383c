// Goal: the command line takes precedence over the environment; blank variables count as absent;
// errors name their origin.
import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import { UserError } from '../../lib/base/user-error.js';
import { readOverrides, type OptionTexts, type Overrides } from '../../lib/config/overrides.js';

const read = (options: OptionTexts, environment: Record<string, string> = {}): Overrides =>
  readOverrides(options, environment, '/srv');

describe('readOverrides', () => {
  it('is empty without options and variables', () => {
    expect(read({})).to.deep.equal({});
  });

  it('treats blank variables as absent', () => {
    const blank = { WEB_CONCURRENCY: '', PORT: ' ', PITCHFORK_WORKERS: '', PITCHFORK_LISTEN: ' ' };
    expect(read({}, blank)).to.deep.equal({});
  });

  it('reads every option', () => {
    const options = { workers: '3', control: 'c.sock', 'refork-after': '50, 100,false' };
    expect(read({ ...options, listen: ['80', 'unix:a.sock', '[::1]:80'] })).to.deep.equal({
      workers: 3,
      control: '/srv/c.sock',
      reforkAfter: [50, 100, false],
      listen: ['0.0.0.0:80', '/srv/a.sock', '[::1]:80'],
    });
  });

  it('reads every variable', () => {
    expect(
      read(
        {},
        {
          WEB_CONCURRENCY: 'auto',
          PITCHFORK_CONTROL: 'c.sock',
          PITCHFORK_REFORK_AFTER: 'false',
          PITCHFORK_LOG_LEVEL: 'debug',
          PITCHFORK_LISTEN: '80, :81',
        },
      ),
    ).to.deep.equal({
      workers: availableParallelism(),
      control: '/srv/c.sock',
      reforkAfter: [],
      log: { level: 'debug' },
      listen: ['0.0.0.0:80', '0.0.0.0:81'],
    });
  });

  it('prefers the command line, then our own variables', () => {
    const environment = { WEB_CONCURRENCY: '2', PITCHFORK_WORKERS: '3', PITCHFORK_CONTROL: '/e' };
    expect(read({ workers: '4', control: '/c' }, environment)).to.deep.include({
      workers: 4,
      control: '/c',
    });
    expect(read({}, environment).workers).to.equal(3);
  });

  it('prefers the most specific source of addresses', () => {
    const port = (number: number, required: boolean) => ({ number, required });
    const both = { PORT: '1', PITCHFORK_LISTEN: '2' };
    expect(read({}, { PORT: '1' })).to.deep.equal({ port: port(1, false) });
    expect(read({}, both)).to.deep.equal({ listen: ['0.0.0.0:2'] });
    expect(read({ port: '3' }, { PORT: '1' })).to.deep.equal({ port: port(3, true) });
    expect(read({ port: '3' }, both)).to.deep.equal({
      listen: ['0.0.0.0:2'],
      port: port(3, true),
    });
    expect(read({ listen: ['4'] }, both)).to.deep.equal({ listen: ['0.0.0.0:4'] });
  });

  it('is plain JSON', () => {
    const overrides = read({ workers: '1', port: '0', 'refork-after': '5,false', control: 'c' });
    expect(JSON.parse(JSON.stringify(overrides))).to.deep.equal(overrides);
  });

  const problems: [OptionTexts, Record<string, string>, string][] = [
    [{ workers: 'x' }, {}, '--workers: expected an integer from 0 to'],
    [{ workers: '1e1' }, {}, '--workers: expected an integer from 0 to'],
    [{ port: 'x' }, {}, '--port: expected a port from 0 to 65535, got "x"'],
    [{ port: '70000' }, {}, '--port: expected a port from 0 to 65535, got "70000"'],
    [{ listen: ['bad'] }, {}, '--listen: expected a port, "host:port"'],
    [{ listen: ['1'], port: '1' }, {}, '--port: cannot be combined with --listen'],
    [{ 'refork-after': '5,,6' }, {}, '--refork-after: expected positive integers'],
    [{ 'refork-after': 'false,5' }, {}, '--refork-after: expected false only at the end'],
    [{ control: 'x'.repeat(200) }, {}, "--control: a unix socket's path can have 107 bytes"],
    [{}, { WEB_CONCURRENCY: '-1' }, 'WEB_CONCURRENCY: expected an integer from 0 to'],
    [{}, { PITCHFORK_WORKERS: '1.5' }, 'PITCHFORK_WORKERS: expected an integer from 0 to'],
    [{}, { PORT: 'http' }, 'PORT: expected a port'],
    [{}, { PITCHFORK_LISTEN: '1,bad' }, 'PITCHFORK_LISTEN: expected a port'],
    [{}, { PITCHFORK_LOG_LEVEL: 'loud' }, 'PITCHFORK_LOG_LEVEL: expected "trace" or "debug"'],
    [{}, { PITCHFORK_REFORK_AFTER: '0' }, 'PITCHFORK_REFORK_AFTER: expected positive integers'],
  ];
  for (const [options, environment, message] of problems)
    it(`reports "${message}…"`, () => {
      expect(() => read(options, environment)).to.throw(UserError, message);
    });
});
