import type { CelType, ListSemantics } from "./types.ts";

/** A value at run time: int is `bigint`, double is `number`, bytes are `Uint8Array`, a list is an array. */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | Uint
  | CelMap
  | Timestamp
  | Duration
  | Optional
  | TypeValue
  | OpaqueValue;

/** An error of evaluation. Within `&&`, `||` and the macros built on them another operand may make it moot. */
export class CelError extends Error {
  override name = "CelError";
}

/** The evaluation cost more than it may; nothing makes that moot. */
export class CelCostError extends Error {
  override name = "CelCostError";
}

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** Seconds and nanoseconds since 1970, UTC; and the zone in which it was written, in minutes. */
export class Timestamp {
  readonly seconds: bigint;
  readonly nanos: number;
  readonly zone: number;
  constructor(seconds: bigint, nanos: number, zone = 0) {
    this.seconds = seconds;
    this.nanos = nanos;
    this.zone = zone;
  }
  /** Nanoseconds since 1970. */
  get total(): bigint {
    return this.seconds * 1_000_000_000n + BigInt(this.nanos);
  }
}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Optional {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
  static readonly none: Optional = new Optional(undefined);
}

export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A value of a library's own type. `equals` is asked only about values of the same class. */
export abstract class OpaqueValue {
  abstract readonly typeName: string;
  abstract equals(other: OpaqueValue): boolean;
}

/** Anything with keys: maps, objects, JSON. */
export abstract class CelMap {
  abstract readonly size: number;
  /** Set for objects of a named type. */
  readonly typeName: string | undefined = undefined;
  /** An object of the API, which is compared with maps alone. */
  readonly isObject: boolean = false;
  abstract get(key: Value): Value | undefined;
  abstract keys(): readonly Value[];
  has(key: Value): boolean {
    return this.get(key) !== undefined;
  }
}

/** A map made by an expression. */
export class EntriesMap extends CelMap {
  readonly #entries = new Map<string, readonly [Value, Value]>();
  override readonly typeName: string | undefined;

  constructor(typeName?: string) {
    super();
    this.typeName = typeName;
  }

  /** Only while it is being made. False: the key is there already. */
  add(key: Value, value: Value): boolean {
    if (this.#entries.has(canonicalKey(key))) return false;
    this.put(key, value);
    return true;
  }
  /** The last of several values of a key counts. */
  put(key: Value, value: Value): void {
    this.#entries.set(canonicalKey(key), [key, value]);
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: Value): Value | undefined {
    return this.#entries.get(canonicalKey(key))?.[1];
  }
  keys(): readonly Value[] {
    return [...this.#entries.values()].map(([key]) => key);
  }
}

/** Numbers that are equal are the same key, whatever their type. */
export function canonicalKey(key: Value): string {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "bigint") return `n${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === "number") return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`;
  if (typeof key === "boolean") return `b${key}`;
  if (key === null) return "null";
  throw new CelError(`unsupported key type: ${typeNameOf(key)}`);
}

/** Lists that came from a field of list type set or map. */
const semantics = new WeakMap<readonly Value[], ListSemantics>();

export function markList(list: readonly Value[], kind: ListSemantics): readonly Value[] {
  semantics.set(list, kind);
  return list;
}

export function semanticsOf(list: readonly Value[]): ListSemantics | undefined {
  return semantics.get(list);
}

export function typeNameOf(value: Value): string {
  if (value === null) return "null_type";
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "string":
      return "string";
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<Value, null | boolean | bigint | number | string>): string {
  if (value instanceof Uint) return "uint";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Timestamp) return "google.protobuf.Timestamp";
  if (value instanceof Duration) return "google.protobuf.Duration";
  if (value instanceof Optional) return "optional_type";
  if (value instanceof TypeValue) return "type";
  if (value instanceof CelMap) return value.typeName ?? "map";
  if (value instanceof OpaqueValue) return value.typeName;
  return "list";
}

/** Whether a value is of a type; elements are not looked at. */
export function isOf(value: Value, type: CelType): boolean {
  switch (type.kind) {
    case "dyn":
    case "parameter":
    case "error":
      return true;
    case "bool":
      return typeof value === "boolean";
    case "int":
      return typeof value === "bigint";
    case "uint":
      return value instanceof Uint;
    case "double":
      return typeof value === "number";
    case "string":
      return typeof value === "string";
    case "bytes":
      return value instanceof Uint8Array;
    case "null":
      return value === null;
    case "timestamp":
      return value instanceof Timestamp;
    case "duration":
      return value instanceof Duration;
    case "list":
      return Array.isArray(value);
    case "map":
      return value instanceof CelMap;
    case "object":
      return value instanceof CelMap;
    case "optional":
      return value instanceof Optional;
    case "type":
      return value instanceof TypeValue;
    case "wrapper":
      return value === null || isOf(value, type.element);
    case "opaque":
      return value instanceof OpaqueValue && value.typeName === type.name;
  }
}

/** CEL's `==`: numbers by value across types, all else only within a type. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return typeof a !== "number" || !Number.isNaN(a);
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return compareNumbers(x, y) === 0;
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a as readonly Value[], b as readonly Value[]);
  if (a instanceof CelMap) {
    if (a.isObject && !(b instanceof CelMap)) throw new CelError("no such overload");
    return b instanceof CelMap && equalMaps(a, b);
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.total === b.total;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equal(a.value, b.value);
  }
  if (a instanceof OpaqueValue) {
    if (!(b instanceof OpaqueValue) || a.typeName !== b.typeName) throw new CelError("no such overload");
    return a.equals(b);
  }
  return false;
}

export function numeric(value: Value): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof Uint ? value.value : undefined;
}

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  const kind = semanticsOf(a) ?? semanticsOf(b);
  if (kind === undefined) return a.every((item, index) => equal(item, b[index] ?? null));
  if (kind.type === "set") return a.every((item) => b.some((other) => equal(item, other)));
  const others = new Map(b.map((item) => [listMapKey(item, kind.keys), item]));
  return a.every((item) => {
    const other = others.get(listMapKey(item, kind.keys));
    return other !== undefined && equal(item, other);
  });
}

/** Of an element of a list of type map. */
export function listMapKey(item: Value, keys: readonly string[]): string {
  if (!(item instanceof CelMap)) return "";
  return keys
    .map((key) => {
      const value = item.get(key);
      return value === undefined ? "-" : canonicalKey(value);
    })
    .join("\0");
}

function equalMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false;
  return a.keys().every((key) => {
    const [mine, other] = [a.get(key), b.get(key)];
    return mine !== undefined && other !== undefined && equal(mine, other);
  });
}

/** Below zero, zero or above; undefined where there is no order (NaN, or types that have none in common). */
export function compareValues(a: Value, b: Value): number | undefined {
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return compareNumbers(x, y);
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return compareBig(a.total, b.total);
  if (a instanceof Duration && b instanceof Duration) return compareBig(a.nanos, b.nanos);
  return undefined;
}

/** Whole numbers meet doubles as doubles. */
function compareNumbers(a: bigint | number, b: bigint | number): number | undefined {
  if (typeof a === "bigint" && typeof b === "bigint") return compareBig(a, b);
  const [x, y] = [Number(a), Number(b)];
  return x < y ? -1 : x > y ? 1 : x === y ? 0 : undefined;
}

function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By code points, as Go compares the bytes of UTF-8. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const most = Math.min(a.length, b.length);
  for (let index = 0; index < most; index++) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x === y) continue;
    const [xHigh, yHigh] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff];
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}
