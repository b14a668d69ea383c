// What a process of the app is born with: by a boot, or by a fork.
import type { App } from '../../api/app-kind.js';
import type { Settings } from '../../config/settings.js';
import type { BlockingChannel } from '../../protocol/channel.js';
import type { Order, Report } from '../../protocol/message.js';

/** What stays the same from generation to generation. */
export interface Life {
  readonly settings: Settings;
  readonly app: App;
  readonly phase: number;
  readonly monitorPid: number;
}

/** A frozen process's channel to the monitor. */
export type Orders = BlockingChannel<Order, Report>;

export type BootOrder = Extract<Order, { type: 'boot' }>;

/** What a newborn got along. */
export interface Birth {
  /** A number of its own in this server's life; null for one that was booted, not forked. */
  readonly forkId: number | null;
  /** null for the service worker. */
  readonly slot: number | null;
  readonly generation: number;
  readonly channelFd: number;
  /** Orders that came along with the order to boot. */
  readonly unread: Buffer;
  readonly listenFds: readonly number[];
}
