// Goal: a warning of the audit that has not changed is in the log once, not once per generation.
// Method: an app that is warned of, two reforks, and the log.
import { expect } from 'chai';
import { Server } from '../support/server.js';

const config = `incompatibleModules: {
  also: [{ name: 'known', severity: 'warn', breaks: 'its cache is shared', remedy: 'none' }],
},`;

describe('an unchanged warning of the audit', () => {
  let server: Server;
  afterEach(() => server.destroy());

  it('is logged at the boot, and not again at reforks', async () => {
    // A package of the app: one whose files the audit finds among the loaded modules.
    const text = `import { mkdirSync, writeFileSync } from 'node:fs';
      const folder = new URL('./node_modules/known/', import.meta.url);
      mkdirSync(folder, { recursive: true });
      writeFileSync(new URL('package.json', folder),
        JSON.stringify({ name: 'known', version: '1.0.0', main: 'index.mjs' }));
      writeFileSync(new URL('index.mjs', folder), 'export default 1;');
      await import('known');
      export default (request, response) => response.end('hello');`;
    server = await Server.start({ app: { text }, config, workers: 1 });
    expect(await server.refork()).to.include({ status: 200 });
    expect(await server.refork()).to.include({ status: 200 });
    const lines = server.log('fork safety').filter(({ subject }) => subject === 'known');
    expect(lines.map(({ level }) => String(level))).to.deep.equal(['warn', 'debug', 'debug']);
    await server.stop();
  });
});
