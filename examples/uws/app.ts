// Counters on uWebSockets.js. Each worker registers its own routes; `counts` survives a refork.
import { uws, worker } from 'pitchfork-ts';

const counts = new Map<string, number>();

export default uws((app) => {
  app.get('/count/:name', (response, request) => {
    const name = request.getParameter(0) ?? '';
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    response.end(JSON.stringify({ name, count, generation: worker.generation, pid: worker.pid }));
  });

  app.get('/*', (response) => {
    response.end('try /count/anything\n');
  });
});
