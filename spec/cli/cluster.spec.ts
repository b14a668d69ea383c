// Goal: the server gives the reason why it cannot be a worker of node:cluster, the mode of pm2 -i.
// Method: a real cluster, of one worker.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const command = fileURLToPath(new URL('../../bin/pitchfork-ts.js', import.meta.url));

const primary = `
const cluster = require('node:cluster');
cluster.setupPrimary({ exec: ${JSON.stringify(command)}, execArgv: [] });
cluster.fork().on('exit', (code) => process.exit(code));
`;

describe('as a worker of node:cluster', () => {
  it('ends with one line that has the remedy', () => {
    const { status, stderr } = spawnSync(process.execPath, ['-e', primary], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).to.equal(1);
    expect(stderr).to.match(/^pitchfork-ts: started as a worker of node:cluster \(pm2 -i\): .+\n$/);
  });
});
