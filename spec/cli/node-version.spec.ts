// Goal: a Node that is too old gets one line before anything of ours is loaded, and its range is
// that of package.json. Method: the check in a Node that claims to be another version.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const check = new URL('../../bin/node-version.js', import.meta.url).href;

function runAs(version: string): Promise<{ code: number; stderr: string }> {
  const claim = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
    await import('${check}');`;
  return new Promise((resolve) =>
    execFile(process.execPath, ['--input-type=module', '-e', claim], (error, _stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stderr }),
    ),
  );
}

describe('the version of Node', () => {
  for (const version of ['12.22.0', '18.20.4', '20.18.3'])
    it(`${version} is refused in one line`, async () => {
      expect(await runAs(version)).to.deep.equal({
        code: 1,
        stderr:
          `pitchfork-ts: Node ${version} is too old: it needs Node 20.19 or later ` +
          '(22, 24 and 26 are supported)\n',
      });
    });

  for (const version of ['20.19.0', '22.12.0', '26.0.0'])
    it(`${version} is accepted`, async () => {
      expect(await runAs(version)).to.deep.equal({ code: 0, stderr: '' });
    });

  it('is the one of package.json', () => {
    const file = fileURLToPath(new URL('../../../package.json', import.meta.url));
    expect(readFileSync(file, 'utf8')).to.include('"node": "^20.19.0 ||');
  });
});
