// Goal: the verdict of the next program is read correctly, whatever it prints and however it ends.
// Method: small real programs, started as the next one.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { programOf } from '../../../lib/monitor/hot-restart/program.js';
import { tryNextProgram } from '../../../lib/monitor/hot-restart/trial.js';
import type { Launch } from '../../../lib/system/launch.js';
import { scratch } from '../../support/scratch.js';
import { until } from '../../support/until.js';

const directory = scratch();
const held = {
  format: 1,
  listen: ['http://127.0.0.1:80'],
  control: null,
  remoteControl: null,
  metrics: null,
  pidfile: null,
};

const running = (...command: string[]): Launch => ({
  command,
  environment: process.env,
  directory: directory.path,
});
const shell = (script: string): Launch => running('sh', '-c', script);

const verdict = (launch: Launch, timeoutMs = 20_000, signal = new AbortController().signal) =>
  tryNextProgram(launch, held, timeoutMs, signal).catch((error: Error) => error.message);

describe('a trial', () => {
  it('finds the report among the output of the configuration', async () => {
    const report = `echo hello; echo '{"addon":"/a.node"}'; echo '{"other":1}'; echo null`;
    expect(await verdict(shell(report))).to.deep.equal({ addon: '/a.node' });
  });

  it('passes the held endpoints to the next program', async () => {
    await verdict(shell('printf %s "$PITCHFORK_PREFLIGHT" > held'));
    const text = readFileSync(join(directory.path, 'held'), 'utf8');
    expect(JSON.parse(text)).to.deep.equal(held);
  });

  const failures: readonly (readonly [string, string, string])[] = [
    ['its own error', 'echo warning >&2; echo pitchfork-ts: port taken >&2; exit 1', 'port taken'],
    ['an error of Node', 'echo "TypeError: x" >&2; exit 1', 'TypeError: x'],
    ['its exit code', 'exit 3', 'it did not get ready (exit code 3)'],
    ['the signal that ends it', 'kill -TERM $$', 'it did not get ready (SIGTERM)'],
    ['a missing report', 'echo "[]"', 'it did not get ready (exit code 0)'],
  ];
  for (const [what, script, reason] of failures)
    it(`fails with ${what}`, async () => {
      expect(await verdict(shell(script))).to.equal(reason);
    });

  it('ends a program that is not ready in time', async () => {
    const late = 'it did not get ready within 300 ms (SIGKILL)';
    expect(await verdict(shell('exec sleep 60'), 300)).to.equal(late);
  });

  it('ends the program when it is aborted', async () => {
    const abort = new AbortController();
    const reason = verdict(shell('echo $$ > pid; exec sleep 60'), 20_000, abort.signal);
    const file = join(directory.path, 'pid');
    const pid = await until('the program', () => existsSync(file) && readFileSync(file, 'utf8'));
    abort.abort();
    expect(await reason).to.equal('cannot be started: The operation was aborted');
    await until('its end', () => !existsSync(`/proc/${pid.trim()}`));
  });

  it('fails if there is no such program', async () => {
    expect(await verdict(running('./no-such-program'))).to.match(/^cannot be started: .*ENOENT/);
  });
});

describe('the program of a command', () => {
  const found = (name: string, path?: string): string =>
    programOf({ command: [name], environment: { PATH: path }, directory: '/srv' });

  it('is looked up as a shell does: by path, or in PATH', () => {
    expect(found('./bin/node')).to.equal('/srv/bin/node');
    expect(found('/opt/node')).to.equal('/opt/node');
    expect(found('sh', '/nowhere:/bin')).to.equal('/bin/sh');
  });

  it('is the running one if it cannot be found', () => {
    expect(found('no-such-program', '/bin')).to.equal(process.execPath);
    expect(found('no-such-program')).to.equal(process.execPath);
  });
});
