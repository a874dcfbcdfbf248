import {
  booleanKind,
  booleanMapKind,
  durationKind,
  type FlagKind,
  integerKind,
  mapKind,
  numberKind,
  textArrayKind,
  textKind,
  textListKind,
} from "./kinds.ts";

export interface FlagOptions<T> {
  readonly usage: string;
  readonly default?: T;
  /** One letter. */
  readonly shorthand?: string;
  /** Said when the flag is used, and hidden from help, as pflag does. */
  readonly deprecated?: string;
  readonly hidden?: boolean;
  /** What help shows instead of the type. */
  readonly valueName?: string;
}

export interface Flag<T> extends FlagOptions<T> {
  readonly kind: FlagKind<T>;
  readonly initial: T;
}

function flagOf<T>(kind: FlagKind<T>, empty: T): (options: FlagOptions<T>) => Flag<T> {
  return (options) => ({ ...options, kind, initial: options.default ?? empty });
}

/** Makers of flags: `flag.text({ usage: "…", default: "…" })`. Durations are milliseconds. */
export const flag = {
  text: flagOf(textKind, ""),
  boolean: flagOf(booleanKind, false),
  integer: flagOf(integerKind, 0),
  number: flagOf(numberKind, 0),
  duration: flagOf(durationKind, 0),
  textList: flagOf<readonly string[]>(textListKind, []),
  textArray: flagOf<readonly string[]>(textArrayKind, []),
  map: flagOf<Readonly<Record<string, string>>>(mapKind, {}),
  booleanMap: flagOf<Readonly<Record<string, boolean>>>(booleanMapKind, {}),
};
