// Goal: loading uWebSockets.js yields the native module or one clear error, never an imitation.
// Method: complete, broken and missing packages; in a process of its own where state matters.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadUws } from '../../lib/engines/uws-module.js';
import { hasUws } from '../support/engines.js';
import { supportedNodes } from '../support/nodes.js';

const module = fileURLToPath(new URL('../../lib/engines/uws-module.js', import.meta.url));
const binary = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;

describe('uWebSockets.js', () => {
  let directory: string;
  let app: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pitchfork-uws-'));
    app = join(directory, 'app.js');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A package in the app's own node_modules. */
  function install(files: Record<string, string>): void {
    const root = join(directory, 'node_modules/uWebSockets.js');
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'package.json'), '{ "main": "uws.js" }');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  }

  it('is found beside pitchfork-ts, and is native', function () {
    if (!hasUws) this.skip();
    expect(String(loadUws(app).App)).to.include('[native code]');
  });

  it("is looked up from the app's directory first; without a binary it is refused", () => {
    install({ 'uws.js': 'exports.App = () => {};' });
    expect(() => loadUws(app)).to.throw(
      new RegExp(
        `^cannot use engine 'uws' on Node ${process.versions.node} .*glibc [\\d.]+\\) with ${directory}` +
          `.*: it has no binary ${binary}\\. Install .*npm install uNetworking/uWebSockets\\.js#v20`,
      ),
    );
  });

  it('is refused with the reason if its binary does not load', () => {
    install({ 'uws.js': 'exports.App = () => {};', [binary]: 'not an ELF file' });
    expect(() => loadUws(app)).to.throw(/cannot load .*\.node: .*(too short|invalid ELF)/);
  });

  it('is refused where the environment asks for the imitation', function () {
    if (!hasUws) this.skip();
    const { stderr } = load(process.execPath, { UWS_USE_FALLBACK: '1' });
    expect(stderr).to.include('it serves its JavaScript imitation: unset UWS_USE_FALLBACK');
  });

  it('has one clear error when it is not installed', () => {
    // In a tree of its own there would be no pitchfork-ts to look from: so nothing at all is found.
    const script = `const { Module } = (await import('node:module')).default;
      const { loadUws } = await import(${JSON.stringify(module)});
      Module._resolveFilename = () => { throw new Error('not found'); };
      loadUws('/app.js');`;
    const { stderr } = run(process.execPath, script);
    expect(stderr).to.include("cannot use engine 'uws': uWebSockets.js is not installed");
    expect(stderr).to.match(/npm install uNetworking\/uWebSockets\.js#v20\.\d+\.0/);
  });

  for (const { version, execPath } of supportedNodes())
    if (Number(version.split('.')[0]) > 20)
      it(`is refused on Node ${version}, for which this package has no binary`, () => {
        const { stderr, stdout } = load(execPath);
        expect(stderr).to.include(`cannot use engine 'uws' on Node ${version} (ABI `);
        expect(stderr + stdout).to.not.include('Falling back');
      });

  function load(execPath: string, env: Record<string, string> = {}): ReturnType<typeof run> {
    return run(
      execPath,
      `(await import(${JSON.stringify(module)})).loadUws(${JSON.stringify(app)});`,
      env,
    );
  }
});

function run(
  execPath: string,
  script: string,
  env: Record<string, string> = {},
): { stdout: string; stderr: string } {
  return spawnSync(execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, ...env },
  });
}
