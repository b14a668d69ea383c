// The operators' endpoints: control socket, remote control, metrics, and the pid file. They are
// opened, or taken over from a predecessor, before the monitor exists, and served after.
import { formatHost } from '../../base/format-host.js';
import { serveMetrics, type MetricsContent } from '../../metrics/server.js';
import type { HeldPort } from '../../system/held-port.js';
import { LimitedLog } from '../log/limited.js';
import type { Log } from '../log/log.js';
import { serveControl, type Commands, type HeldControl } from './control.js';
import type { PidFile } from './pid-file.js';
import { serveRemoteControl, type HeldRemoteControl } from './remote-control.js';

interface HeldMetrics {
  readonly port: HeldPort;
  /** Of the Prometheus text. */
  readonly path: string;
}

export interface HeldEndpoints {
  readonly control: HeldControl;
  readonly remoteControl: HeldRemoteControl | null;
  readonly pidFile: PidFile | null;
  readonly metrics: HeldMetrics | null;
}

export interface Endpoints {
  /** For the log, with real ports. */
  readonly addresses: object;
  close(): Promise<void>;
}

interface Closable {
  close(): unknown;
}

/** Owns the sockets and the pid file from now on. */
export async function serveEndpoints(
  held: HeldEndpoints,
  commands: Commands,
  content: MetricsContent,
  log: Log,
): Promise<Endpoints> {
  const strangers = new LimitedLog(log);
  const served: Closable[] = [{ close: () => strangers.flush() }];
  const keep = <T extends Closable>(one: T): T => (served.push(one), one);

  const control = keep(await serveControl(held.control, commands, log, strangers));
  const remoteControl =
    held.remoteControl &&
    keep(await serveRemoteControl(held.remoteControl, commands, log, strangers));
  if (held.pidFile) keep(held.pidFile);
  const metrics = held.metrics && keep(await serveMetricsOf(held.metrics, content, strangers));
  return {
    addresses: {
      control: control.path,
      remoteControl: remoteControl?.url,
      metrics: metrics?.url,
    },
    async close() {
      for (const one of served.reverse()) await one.close();
    },
  };
}

async function serveMetricsOf(
  { port: held, path }: HeldMetrics,
  content: MetricsContent,
  strangers: LimitedLog,
): Promise<Closable & { readonly url: string }> {
  const server = await serveMetrics(held, path, content, (fields, text) =>
    strangers.warn(fields, text),
  );
  const url = `http://${formatHost(held.host)}:${server.port}${path}`;
  return { url, close: () => server.close() };
}
