import { defineConfig } from 'pitchfork-ts';

export default defineConfig({
  app: './app.ts',
  engine: 'uws',
  listen: '127.0.0.1:8080',
  workers: 2,
  reforkAfter: [1000, 10_000, false],
});
