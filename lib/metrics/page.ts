// The live page of the metrics listener, self-contained in one string. It polls /stats.json once a
// second and inserts the result as text, never as HTML.
export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>pitchfork-ts</title>
<style>
  :root { color-scheme: light dark; --line: #8883; --card: #8881; --soft: #888;
    --own: #e4572e; --shared: #4c9f70; --ready: #4c9f70; --busy: #e0a030; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
    padding: 0 1rem; }
  h1 { font-size: 1.3rem; font-weight: 600; margin: 0; }
  header { display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
  #note { color: var(--soft); }
  #note.bad { color: var(--own); }
  dl { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; padding: 0; }
  dl div { background: var(--card); border-radius: .5rem; padding: .5rem .9rem; min-width: 6rem; }
  dt { color: var(--soft); font-size: .8rem; }
  dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th { text-align: left; font-size: .8rem; font-weight: 500; color: var(--soft); }
  th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line);
    white-space: nowrap; }
  td.bar { width: 35%; min-width: 10rem; }
  .leaving { opacity: .55; }
  .dot { display: inline-block; width: .6rem; height: .6rem; border-radius: 50%;
    background: var(--busy); margin-right: .5rem; }
  .dot.ready { background: var(--ready); }
  .memory { display: flex; height: .8rem; border-radius: .2rem; overflow: hidden;
    background: var(--card); }
  .own { background: var(--own); } .shared { background: var(--shared); }
  .key span { display: inline-block; width: .7rem; height: .7rem; border-radius: .15rem;
    margin: 0 .4rem 0 1rem; }
  .key { color: var(--soft); font-size: .85rem; }
</style>
<header><h1>pitchfork-ts</h1><span id="note">connecting …</span></header>
<dl id="facts"></dl>
<div class="wide"><table>
  <thead><tr><th>slot<th>pid<th>generation<th>requests<th>in flight<th>loop lag<th>private<th>shared
    <th></tr></thead>
  <tbody id="rows"></tbody>
</table></div>
<p class="key"><span class="own"></span>private memory
  <span class="shared"></span>shared with the mold</p>
<script>
  const byId = (id) => document.getElementById(id);
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const mib = (bytes) => bytes == null ? '–' : (bytes / 1048576).toFixed(1) + ' MiB';
  const number = (value) => value == null ? '–' : value.toLocaleString('en');

  function fact(name, value) {
    const pair = make('div');
    pair.append(make('dt', name), make('dd', value));
    return pair;
  }

  function bar(memory, largest) {
    const cell = make('td', undefined, 'bar');
    const frame = make('div', undefined, 'memory');
    for (const [kind, className] of [['private', 'own'], ['shared', 'shared']]) {
      const part = make('div', undefined, className);
      part.style.width = memory ? (100 * memory[kind] / largest) + '%' : '0';
      frame.append(part);
    }
    cell.append(frame);
    return cell;
  }

  function row(worker, leaving, largest) {
    const line = make('tr', undefined, leaving ? 'leaving' : '');
    const slot = make('td');
    slot.append(make('span', undefined, worker.ready ? 'dot ready' : 'dot'),
      String(worker.slot) + (leaving ? ' draining' : worker.state === 'down' ? ' down' : ''));
    const lag = worker.eventLoopLag == null ? '–' : (worker.eventLoopLag * 1000).toFixed(0) + ' ms';
    const texts = [worker.pid ?? '–', worker.generation, number(worker.requests), worker.inFlight, lag,
      mib(worker.memory?.private), mib(worker.memory?.shared)];
    line.append(slot, ...texts.map((text) => make('td', String(text))),
      bar(worker.memory, largest));
    return line;
  }

  let before;
  function draw(stats) {
    const all = [...stats.workers, ...stats.leaving];
    const requests = all.reduce((sum, worker) => sum + worker.requests, 0);
    const now = performance.now();
    const rate = before ? (requests - before.requests) * 1000 / (now - before.now) : 0;
    before = { requests, now };
    const sum = (kind) => all.reduce((total, worker) => total + (worker.memory?.[kind] ?? 0), 0);
    const mapped = ({ memory }) => memory ? memory.private + memory.shared : 0;
    const largest = Math.max(1, ...all.map(mapped));
    byId('facts').replaceChildren(
      fact('phase', stats.phase), fact('generation', stats.generation),
      fact('mold', stats.mold ? stats.mold.pid : 'none'),
      ...(stats.service ? [fact('service', stats.service.pid)] : []), fact('refork', stats.refork.state),
      fact('requests/s', number(Math.round(Math.max(0, rate)))),
      fact('workers, private', mib(sum('private'))),
      fact('workers, pss', mib(sum('pss'))));
    byId('rows').replaceChildren(...stats.workers.map((worker) => row(worker, false, largest)),
      ...stats.leaving.map((worker) => row(worker, true, largest)));
    const error = stats.refork.lastError;
    if (stats.shuttingDown) note('shutting down', false);
    else if (error) note('last rollout failed: ' + error, true);
    else note('monitor ' + stats.pid, false);
  }

  function note(text, bad) {
    byId('note').textContent = text;
    byId('note').className = bad ? 'bad' : '';
  }

  async function poll() {
    try {
      draw(await (await fetch('/stats.json', { signal: AbortSignal.timeout(5000) })).json());
    } catch {
      note('monitor does not respond', true);
    }
    setTimeout(poll, 1000);
  }
  poll();
</script>
`;
