// Goal: faults of every kind at random moments under constant load cost no request but those inside
// killed processes, and leave nothing behind (G1, G3, G5, G6). Method: the soak of benchmarks/, for
// a short time and with a fixed seed; its verdict has specs of its own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const soak = fileURLToPath(new URL('../../benchmarks/soak.js', import.meta.url));
const seconds = 20;

describe('a soak', () => {
  it(`of ${seconds} seconds loses nothing and leaves nothing (W9, G1, G3, G5, G6)`, async function () {
    this.timeout(180_000);
    const line = [soak, '--seconds', String(seconds), '--seed', '7', '--workers', '3'];
    const { stdout } = await promisify(execFile)(process.execPath, line, {
      timeout: 170_000,
    }).catch((error: unknown) => {
      throw new Error(`it failed: ${(error as { stdout?: string }).stdout}`, { cause: error });
    });
    expect(stdout)
      .to.match(/^requests sent +[1-9]/m)
      .and.match(/^lost +0$/m);
    expect(stdout).to.contain('passed, seed 7');
  });
});
