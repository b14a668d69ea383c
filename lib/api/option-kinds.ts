// The vocabulary of the table of options: the kinds, and the type that users write for each. Plain
// data, from which lib/config makes readers, so that this interface stays light.

/** Milliseconds, or a string with a unit, such as '500ms', '20s' or '1m'. */
export type Duration = number | string;

/** A number of bytes, or a string with a unit, such as '512MB' or '1GiB'. */
export type Bytes = number | string;

/**
 * A port on all IPv4 interfaces, 'host:port', '[::1]:port', '/path.sock' or 'unix:relative.sock'.
 */
export type ListenAddress = number | string;

/** The type that users write for each kind of a single value. */
export interface Scalars {
  account: string | number;
  address: ListenAddress;
  bytes: Bytes;
  count: number;
  duration: Duration;
  flag: boolean;
  path: string;
  permissions: number;
  socketPath: string;
  tcpAddress: ListenAddress;
  text: string;
  thresholds: number | false | (number | false)[];
  token: string;
  urlPath: string;
  versionRange: string;
  workers: number | 'auto';
}

export interface Scalar<Name extends keyof Scalars = keyof Scalars> {
  readonly kind: Name;
  /** Of a number, as a noun. */
  readonly unit?: string;
  /** Inclusive bounds of a number. */
  readonly from?: number;
  readonly to?: number;
  /** The value in words, for messages. */
  readonly expected?: string;
}

export interface OneOf<Value extends string | number = string | number> {
  readonly kind: 'oneOf';
  readonly values: readonly Value[];
}

export interface OrFalse<Of extends Kind = Kind> {
  readonly kind: 'orFalse';
  readonly of: Of;
}

export interface List<Of extends Kind = Kind> {
  readonly kind: 'list';
  readonly of: Of;
}

/** A list whose brackets may be left out around a single item. */
export interface OneOrMore<Of extends Kind = Kind> {
  readonly kind: 'oneOrMore';
  readonly of: Of;
  /** One item in words, for messages. */
  readonly noun: string;
}

export interface Group<Members extends Options = Options, Short extends string = string> {
  readonly kind: 'group';
  readonly members: Members;
  /** The member that a value which is not an object stands for. */
  readonly shorthand: Short | null;
}

export type Kind = Scalar | OneOf | OrFalse | List | OneOrMore | Group;

export interface Flag {
  /** Without its dashes. */
  readonly name: string;
  readonly alias?: string;
  /** One line for --help. */
  readonly text: string;
  readonly repeatable?: true;
}

/** Sources of a value besides the configuration: the flag wins, then each variable in turn. */
export interface Sources {
  readonly flag?: Flag;
  readonly variables?: readonly string[];
}

export interface Option<Of extends Kind = Kind, Default = unknown> extends Sources {
  readonly kind: Of;
  /** As a user would write it; null: there is none; undefined: the option is required. */
  readonly default: Default;
  /** The default in words, where its value does not say it. */
  readonly defaultText?: string;
  /** The complaint about a required option that is missing. */
  readonly missing?: string;
}

export type Options = Readonly<Record<string, Option>>;

type RequiredNames<Table extends Options> = {
  [Name in keyof Table]: Table[Name] extends Option<Kind, undefined> ? Name : never;
}[keyof Table];

/** Required members once more, so that an intersection with the optional ones requires them. */
type Members<Table extends Options> = {
  [Name in keyof Table]?: Written<Table[Name]['kind']>;
} & { [Name in RequiredNames<Table>]: Written<Table[Name]['kind']> };

/** The type that users write for a table: mapped over the table, to keep its hover texts. */
export type WrittenTable<Table extends Options> = {
  [Name in keyof Members<Table>]: Members<Table>[Name];
};

/** The type that users write for a kind. Of an arbitrary kind, the recursion would not end. */
export type Written<Of> = Kind extends Of
  ? unknown
  : Of extends OneOf<infer Value>
    ? Value
    : Of extends OrFalse<infer Inner>
      ? Written<Inner> | false
      : Of extends List<infer Inner>
        ? Written<Inner>[]
        : Of extends OneOrMore<infer Inner>
          ? Written<Inner> | Written<Inner>[]
          : Of extends Group<infer Table, infer Short>
            ? | { [Name in keyof Members<Table>]: Members<Table>[Name] }
              | (Short extends keyof Table ? Written<Table[Short]['kind']> : never)
            : Of extends Scalar<infer Name>
              ? Scalars[Name]
              : never;

export function option<Of extends Kind, const Default extends Written<Of>>(
  kind: Of,
  defaultValue: Default,
  sources: Sources & { readonly defaultText?: string } = {},
): Option<Of, Default> {
  return { kind, default: defaultValue, ...sources };
}

/** An option without a default; `defaultText` says what holds instead. */
export function optional<Of extends Kind>(
  kind: Of,
  defaultText: string,
  sources: Sources = {},
): Option<Of, null> {
  return { kind, default: null, defaultText, ...sources };
}

export function required<Of extends Kind>(kind: Of, missing?: string): Option<Of, undefined> {
  return { kind, default: undefined, ...(missing !== undefined && { missing }) };
}

export function scalar<Name extends keyof Scalars>(
  kind: Name,
  details: Omit<Scalar, 'kind'> = {},
): Scalar<Name> {
  return { kind, ...details };
}

/** `from`: the shortest one, in milliseconds. */
export function duration(from = 0): Scalar<'duration'> {
  return { kind: 'duration', unit: 'milliseconds', from };
}

/** A positive integer, unless a range is given. */
export function count(
  unit: string,
  range: { readonly from: number; readonly to: number; readonly expected: string } = {
    from: 1,
    to: Number.MAX_SAFE_INTEGER,
    expected: 'a positive integer',
  },
): Scalar<'count'> {
  return { kind: 'count', unit, ...range };
}

export function text(expected: string): Scalar<'text'> {
  return { kind: 'text', expected };
}

/** Relative to the configuration file. */
export function path(expected: string): Scalar<'path'> {
  return { kind: 'path', expected };
}

export function oneOf<const Values extends readonly (string | number)[]>(
  ...values: Values
): OneOf<Values[number]> {
  return { kind: 'oneOf', values };
}

export function orFalse<Of extends Kind>(of: Of): OrFalse<Of> {
  return { kind: 'orFalse', of };
}

export function list<Of extends Kind>(of: Of): List<Of> {
  return { kind: 'list', of };
}

export function oneOrMore<Of extends Kind>(of: Of, noun: string): OneOrMore<Of> {
  return { kind: 'oneOrMore', of, noun };
}

export function group<Members extends Options, Short extends string & keyof Members = never>(
  members: Members,
  shorthand: Short | null = null,
): Group<Members, Short> {
  return { kind: 'group', members, shorthand };
}
