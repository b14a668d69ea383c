// Closes the inspector of a mold. A fork inherits its port without the thread that serves it: no
// debugger can attach, and `inspector.close()` in the fork would end in SIGSEGV. With it closed, a
// fork can open its own.
import { close, url } from 'node:inspector';
import type { Orders } from '../process/birth.js';
import { send } from './reports.js';

export function closeInspector(orders: Orders): void {
  const address = url();
  if (address === undefined) return;
  close();
  const text = 'closed the inspector, which a fork cannot use';
  const reason = `it listened at ${address}; a worker can open its own: inspector.open()`;
  send(orders, { type: 'note', level: 'info', text, reason, stack: null });
}
