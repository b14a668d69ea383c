// The inheritance of a process of the app, booted or forked.
import type { App } from '../../api/app-types.js';
import type { Settings } from '../../config/settings.js';
import type { BlockingChannel, Unread } from '../../protocol/channel.js';
import type { Order, Report } from '../../protocol/message.js';

/** The part that stays the same from generation to generation. */
export interface Life {
  readonly settings: Settings;
  readonly app: App;
  readonly phase: number;
  readonly monitorPid: number;
}

/** The channel of a frozen process to the monitor. */
export type Orders = BlockingChannel<Order, Report>;

export type BootOrder = Extract<Order, { type: 'boot' }>;

/** The part that differs from birth to birth. */
export interface Birth {
  /** A number unique during the life of this server; null if booted, not forked. */
  readonly forkId: number | null;
  /** null for the service worker. */
  readonly slot: number | null;
  readonly generation: number;
  readonly channelFd: number;
  /** Bytes received on the channel together with the order to boot. */
  readonly unread: Unread;
  readonly listenFds: readonly number[];
}
