// A configuration that is validated and complete: every duration in milliseconds, every path
// absolute. The types follow from the table of options.
import type { HookLists } from '../api/hooks.js';
import type {
  Group,
  Kind,
  List,
  OneOf,
  Option,
  Options,
  OrFalse,
  Scalar,
} from '../api/option-kinds.js';
import type { options } from '../api/options.js';

export interface TcpEndpoint {
  readonly kind: 'tcp';
  /** As written: a name or a numeric address, without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface UnixEndpoint {
  readonly kind: 'unix';
  readonly path: string;
}

/** An address without the options of a listener. */
export type Endpoint = TcpEndpoint | UnixEndpoint;

export interface TcpAddress extends TcpEndpoint {
  readonly backlog: number;
  /** One SO_REUSEPORT queue per slot, or one queue that all share. */
  readonly queues: 'per-worker' | 1;
  readonly ipv6Only: boolean;
}

export interface UnixAddress extends UnixEndpoint {
  readonly backlog: number;
  /** Permission bits, for example 0o660. */
  readonly mode: number;
}

export type Address = TcpAddress | UnixAddress;

export interface RemoteControl {
  readonly host: string;
  readonly port: number;
  /** The secret, or the file that holds it; without either, it is PITCHFORK_TOKEN. */
  readonly token: string | null;
  readonly tokenFile: string | null;
}

/** The value that each kind of a single value is read to. */
export interface Values {
  account: string | number;
  address: Endpoint;
  bytes: number;
  count: number;
  duration: number;
  flag: boolean;
  path: string;
  permissions: number;
  socketPath: string;
  tcpAddress: TcpEndpoint;
  text: string;
  thresholds: readonly (number | false)[];
  token: string;
  urlPath: string;
  versionRange: string;
  workers: number;
}

type Value<Of> = Kind extends Of
  ? unknown
  : Of extends OneOf<infer Word>
    ? Word
    : Of extends OrFalse<infer Inner>
      ? Value<Inner> | false
      : Of extends List<infer Inner>
        ? readonly Value<Inner>[]
        : Of extends Group<infer Members>
          ? SettingsOf<Members>
          : Of extends Scalar<infer Name>
            ? Values[Name]
            : never;

type OptionValue<Of extends Option> =
  Value<Of['kind']> | (null extends Of['default'] ? null : never);

/** Units come last in names: `spawnTimeout` becomes `spawnTimeoutMs`. */
type SettingName<Name extends PropertyKey, Of> = Of extends
  Scalar<'duration'> | OrFalse<Scalar<'duration'>>
  ? `${Name & string}Ms`
  : Of extends Scalar<'bytes'>
    ? `${Name & string}Bytes`
    : Name;

/** The settings of a table of options. */
export type SettingsOf<Table extends Options> = {
  readonly [Name in keyof Table as SettingName<Name, Table[Name]['kind']>]: OptionValue<
    Table[Name]
  >;
};

/** The options whose settings have a shape of their own. */
export interface Shaped {
  readonly listen: readonly Address[];
  readonly metrics: { readonly host: string; readonly port: number; readonly path: string } | false;
  /** null: there is none. */
  readonly remoteControl: RemoteControl | null;
}

/** The settings that the configuration alone determines. */
export type ParsedConfig = SettingsOf<Omit<typeof options, keyof Shaped>> &
  Shaped & { readonly hooks: HookLists };

export interface Settings extends Omit<ParsedConfig, 'control'> {
  /** The configuration file, absolute. */
  readonly file: string;
  /** At least 1, and 1 in single mode. */
  readonly workers: number;
  /** A single process that is booted, not forked, serves the app: there is no mold. */
  readonly single: boolean;
  /** Path of the control socket, absolute. */
  readonly control: string;
}
