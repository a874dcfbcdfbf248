import { formatDuration, parseDuration } from "../flags/index.ts";

/** How one field of a configuration file is read. */
export interface ConfigField<T> {
  /** Throws a `ConfigError` that names the path. `undefined` and null mean: not given. */
  read(value: unknown, path: string, unknown: string[]): T;
}

export type ConfigShape = Readonly<Record<string, ConfigField<unknown>>>;
export type ConfigOf<S extends ConfigShape> = {
  readonly [N in keyof S]: S[N] extends ConfigField<infer T> ? T : never;
};

/** A configuration file that does not fit. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

function typed<T>(what: string, fits: (value: unknown) => value is T, initial: T): ConfigField<T> {
  return {
    read: (value, path) => {
      if (value === undefined || value === null) return initial;
      if (!fits(value)) throw new ConfigError(`${path}: expected ${what}, got ${describe(value)}`);
      return value;
    },
  };
}

const isText = (value: unknown): value is string => typeof value === "string";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isNumber = (value: unknown): value is number => typeof value === "number";
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function listOf<T>(item: ConfigField<T>): ConfigField<readonly T[]> {
  return {
    read: (value, path, unknown) => {
      if (value === undefined || value === null) return [];
      if (!Array.isArray(value)) throw new ConfigError(`${path}: expected a list, got ${describe(value)}`);
      return value.map((one, index) => item.read(one, `${path}[${index}]`, unknown));
    },
  };
}

function mapOf<T>(item: ConfigField<T>): ConfigField<Readonly<Record<string, T>>> {
  return {
    read: (value, path, unknown) => {
      if (value === undefined || value === null) return {};
      if (!isRecord(value)) throw new ConfigError(`${path}: expected a map, got ${describe(value)}`);
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, item.read(one, `${path}.${key}`, unknown)]),
      );
    },
  };
}

function object<S extends ConfigShape>(shape: S): ConfigField<ConfigOf<S>> {
  return {
    read: (value, path, unknown) => {
      const given = value ?? {};
      if (!isRecord(given)) throw new ConfigError(`${path}: expected an object, got ${describe(value)}`);
      const inside = (name: string): string => (path === "" ? name : `${path}.${name}`);
      const result: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(shape)) result[name] = field.read(given[name], inside(name), unknown);
      unknown.push(
        ...Object.keys(given)
          .filter((name) => !Object.hasOwn(shape, name))
          .map(inside),
      );
      return result as ConfigOf<S>;
    },
  };
}

const duration = (initialMs: number): ConfigField<number> => ({
  read: (value, path) => {
    if (value === undefined || value === null) return initialMs;
    if (!isText(value))
      throw new ConfigError(
        `${path}: expected a duration such as ${formatDuration(initialMs)}, got ${describe(value)}`,
      );
    try {
      return parseDuration(value);
    } catch (error) {
      throw new ConfigError(`${path}: ${(error as Error).message}`);
    }
  },
});

/** Readers of fields, each with its default. Durations are written as in Go and read as milliseconds. */
export const field = {
  text: (initial = ""): ConfigField<string> => typed("a string", isText, initial),
  boolean: (initial = false): ConfigField<boolean> => typed("a boolean", isBoolean, initial),
  integer: (initial = 0): ConfigField<number> => typed("an integer", isInteger, initial),
  number: (initial = 0): ConfigField<number> => typed("a number", isNumber, initial),
  duration,
  textList: (): ConfigField<readonly string[]> => listOf(typed("a string", isText, "")),
  textMap: (): ConfigField<Readonly<Record<string, string>>> => mapOf(typed("a string", isText, "")),
  booleanMap: (): ConfigField<Readonly<Record<string, boolean>>> => mapOf(typed("a boolean", isBoolean, false)),
  /** `undefined` when not given. */
  optional: <T>(inner: ConfigField<T>): ConfigField<T | undefined> => ({
    read: (value, path, unknown) =>
      value === undefined || value === null ? undefined : inner.read(value, path, unknown),
  }),
  listOf,
  mapOf,
  object,
  /** Left as it is, for parts that have a schema of their own. */
  raw: (): ConfigField<unknown> => ({ read: (value) => value }),
};

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `${typeof value} ${JSON.stringify(value)}`;
}
