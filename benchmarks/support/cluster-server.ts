// The app under node:cluster, with the number of workers given as argument. Sends the port and the
// workers' pids once all listen.
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import app from './cache-app.js';

if (cluster.isPrimary) {
  const pids: number[] = [];
  const wanted = Number(process.argv[2]);
  cluster.on('listening', (worker, { port }) => {
    pids.push(worker.process.pid ?? 0);
    if (pids.length === wanted) process.send?.({ port, pids });
  });
  for (let worker = 0; worker < wanted; worker++) cluster.fork();
  process.on('disconnect', () => process.exit());
} else {
  createServer(app).listen(0, '127.0.0.1');
}
