// The app in a process of its own, without pitchfork-ts. Sends its port once it listens.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import app from './cache-app.js';

const server = createServer(app);
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
process.on('disconnect', () => process.exit());
