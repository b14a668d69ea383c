// Apps that answer late, for specs about timeouts: `/slow?ms`, `/extended?ms` with as much more
// time, requested after an await, `/spin?ms`, which blocks the event loop from then on, `/never`,
// `/begun`, which never ends the response, and `/late?ms`, which answers from a timer.
const index = new URL('../../lib/index.js', import.meta.url);

const routes = `
import { uws, worker } from '${index.href}';
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function handle(path, query) {
  if (path === '/never') await new Promise(() => undefined);
  if (path === '/extended') {
    await pause(10);
    worker.extendDeadline(Number(query));
  }
  if (path === '/spin') {
    await pause(Number(query));
    for (;;);
  }
  if (path !== '/') await pause(Number(query));
  return String(process.pid);
}
`;
/** By engine; each answers with the pid of its worker. */
export const slowApps = {
  node: `${routes}
export default async (request, response) => {
  const [path, query] = request.url.split('?');
  if (path === '/begun') return void response.write('begun');
  if (path === '/late')
    return void setTimeout(() => response.setHeader('X-Late', '1').end('late'), Number(query));
  response.end(await handle(path, query));
};`,
  uws: `${routes}
export default uws((app) => app.any('/*', async (response, request) => {
  const [path, query] = [request.getUrl(), request.getQuery()];
  let gone = false;
  response.onAborted(() => (gone = true));
  if (path === '/begun') return void response.write('begun');
  if (path === '/late')
    return void setTimeout(() => gone || response.cork(() => response.end('late')), Number(query));
  const body = await handle(path, query);
  if (!gone) response.cork(() => response.end(body));
}));`,
};
