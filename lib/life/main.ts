// The entry point of every process that the monitor boots. It does nothing on its own: the life
// begins with the order to boot.
import { BlockingChannel, bootChannelFd } from '../protocol/channel.js';
import type { Order, Report } from '../protocol/message.js';
import { native } from '../system/native.js';
import { closeStrayInspector } from '../system/stray-inspector.js';
import { live } from './life.js';
import { checkPhase } from './process/quiescence.js';

// Before anything else: Node opens its inspector on a stray SIGUSR1. These signals are meant for
// the monitor.
for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGPWR'] as const)
  process.on(signal, () => undefined);
closeStrayInspector();

// The last argument only reserves space for the title.
process.argv.length = 2;
native.exitWithoutShutdown();

const channel = new BlockingChannel<Order, Report>(bootChannelFd);
let delivery = channel.receive();
// A signal interrupts the wait, even one from before it.
while (delivery === undefined) {
  await checkPhase();
  delivery = channel.receive();
}
if (delivery?.message.type === 'boot')
  await live(channel, { message: delivery.message, fds: delivery.fds });
