// Closes everything that a start has opened, for specs that run no monitor.
import { native } from '../../lib/system/native.js';
import { releaseControl } from '../../lib/monitor/control/control.js';
import type { Opened } from '../../lib/monitor/start/opened.js';

export function closeOpened({ endpoints, listeners, serviceManager }: Opened): void {
  const { control, remoteControl, metrics, pidFile } = endpoints;
  releaseControl(control);
  for (const held of [remoteControl, metrics]) if (held) native.closeDescriptor(held.port.fd);
  pidFile?.close();
  listeners.close();
  serviceManager.close();
}
