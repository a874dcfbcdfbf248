import {
  type CallEstimate,
  define,
  type Library,
  method,
  type Operand,
  type Overload,
  perCharacter,
  traversal,
} from "../functions.ts";
import { int64, uint64 } from "../numbers.ts";
import { addSizes, type Size, unknownSize } from "../sizes.ts";
import { timestampOf } from "../times.ts";
import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  optionalOf,
  parameter,
  stringType,
  timestampType,
  uintType,
} from "../types.ts";
import {
  CelError,
  CelMap,
  compareValues,
  Duration,
  type EntriesMap,
  equal,
  listMapKey,
  markList,
  numeric,
  Optional,
  semanticsOf,
  type Timestamp,
  typeNameOf,
  Uint,
  type Value,
} from "../values.ts";

const T = parameter("T");
const K = parameter("K");
const V = parameter("V");

function arithmetic(
  symbol: string,
  int: (a: bigint, b: bigint) => bigint,
  double: ((a: number, b: number) => number) | undefined,
): Overload[] {
  const name = `_${symbol}_`;
  return [
    define(name, [intType, intType], intType, (a: bigint, b: bigint) => int64(int(a, b))),
    define(name, [uintType, uintType], uintType, (a: Uint, b: Uint) => uint64(int(a.value, b.value))),
    ...(double === undefined ? [] : [define(name, [doubleType, doubleType], doubleType, double)]),
  ];
}

function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelError("division by zero");
  return a / b;
}

function remainder(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new CelError("modulus by zero");
  return a % b;
}

const both = ([a = unknownSize, b = unknownSize]: readonly Size[]): Size => addSizes(a, b);
const joinCost = { cost: ([a = 0, b = 0]: readonly number[]) => traversal(a + b), resultSize: both };

/** Ours are copied, so a call costs by their size; definitions are judged as if it did not. */
const joinedLists = {
  cost: ([a = 0, b = 0]: readonly number[]) => 1 + Math.floor((a + b) * perCharacter),
  estimate: ([a, b]: readonly Operand[]): CallEstimate => ({
    cost: 1,
    size: addSizes(a?.size ?? unknownSize, b?.size ?? unknownSize),
  }),
};

const additions: readonly Overload[] = [
  define("_+_", [stringType, stringType], stringType, (a: string, b: string) => a + b, joinCost),
  define(
    "_+_",
    [bytesType, bytesType],
    bytesType,
    (a: Uint8Array, b: Uint8Array) => new Uint8Array([...a, ...b]),
    joinCost,
  ),
  define("_+_", [listOf(T), listOf(T)], listOf(T), concatenate, joinedLists),
  define("_+_", [timestampType, durationType], timestampType, (a: Timestamp, b: Duration) =>
    timestampOf(a.total + b.nanos, a.zone),
  ),
  define("_+_", [durationType, timestampType], timestampType, (a: Duration, b: Timestamp) =>
    timestampOf(a.nanos + b.total, b.zone),
  ),
  define(
    "_+_",
    [durationType, durationType],
    durationType,
    (a: Duration, b: Duration) => new Duration(int64(a.nanos + b.nanos)),
  ),
  define(
    "_-_",
    [timestampType, timestampType],
    durationType,
    (a: Timestamp, b: Timestamp) => new Duration(int64(a.total - b.total)),
  ),
  define("_-_", [timestampType, durationType], timestampType, (a: Timestamp, b: Duration) =>
    timestampOf(a.total - b.nanos, a.zone),
  ),
  define(
    "_-_",
    [durationType, durationType],
    durationType,
    (a: Duration, b: Duration) => new Duration(int64(a.nanos - b.nanos)),
  ),
];

/** Lists of type set and map are merged: what is equal, or has the same keys, is there once. */
function concatenate(a: readonly Value[], b: readonly Value[]): readonly Value[] {
  const kind = semanticsOf(a);
  if (kind === undefined) return [...a, ...b];
  if (kind.type === "set") {
    return markList([...a, ...b.filter((item) => !a.some((other) => equal(item, other)))], kind);
  }
  const merged = new Map(a.map((item) => [listMapKey(item, kind.keys), item]));
  for (const item of b) merged.set(listMapKey(item, kind.keys), item);
  return markList([...merged.values()], kind);
}

const numbers = [intType, uintType, doubleType];
const ordered = [boolType, stringType, bytesType, timestampType, durationType];

const shorter = { cost: ([a = 0, b = 0]: readonly number[]) => traversal(Math.min(a, b)) };

/** Texts are compared up to the end of the shorter one. */
const byShorter = ({ kind }: CelType) => (kind === "string" || kind === "bytes" ? shorter : {});

function comparison(symbol: string, holds: (order: number) => boolean): Overload[] {
  const call = (a: Value, b: Value) => {
    if (Number.isNaN(a) || Number.isNaN(b)) throw new CelError("NaN values cannot be ordered");
    const order = compareValues(a, b);
    return order !== undefined && holds(order);
  };
  const pairs: (readonly [CelType, CelType])[] = ordered.map((type) => [type, type]);
  for (const a of numbers) for (const b of numbers) pairs.push([a, b]);
  return pairs.map(([a, b]) => define(`_${symbol}_`, [a, b], boolType, call, byShorter(a)));
}

/** Values of libraries' own types are equal or not at a glance; upstream has this for `==` alone. */
const equality = {
  ...shorter,
  estimate: ([a, b]: readonly Operand[]): CallEstimate => {
    const name =
      a?.type.kind === "opaque" && b?.type.kind === "opaque" && a.type.name === b.type.name ? a.type.name : "";
    if (name === "kubernetes.NamedFormat") return { cost: traversal(formatSizeMax) };
    if (name === "kubernetes.URL") return { cost: traversal(Math.max(1, b?.size.max ?? 1)) };
    if (name !== "") return { cost: 1 };
    return { cost: traversal(Math.min(a?.size.max ?? 0, b?.size.max ?? 0)) };
  },
};
/** Upstream: `MaxFormatSize`. */
const formatSizeMax = 64;

const logic: readonly Overload[] = [
  define("_&&_", [boolType, boolType], boolType, (a: boolean, b: boolean) => a && b, { cost: () => 0 }),
  define("_||_", [boolType, boolType], boolType, (a: boolean, b: boolean) => a || b, { cost: () => 0 }),
  define("_?_:_", [boolType, T, T], T, (condition: boolean, yes: Value, no: Value) => (condition ? yes : no), {
    cost: () => 0,
  }),
  define("!_", [boolType], boolType, (a: boolean) => !a),
  define("@not_strictly_false", [boolType], boolType, (a: Value) => a !== false),
  define("_==_", [T, T], boolType, equal, equality),
  define("_!=_", [T, T], boolType, (a: Value, b: Value) => !equal(a, b), shorter),
  define("-_", [intType], intType, (a: bigint) => int64(-a)),
  define("-_", [doubleType], doubleType, (a: number) => -a),
];

function element(list: readonly Value[], index: Value): Value | undefined {
  const at = numeric(index);
  if (at === undefined || (typeof at === "number" && !Number.isInteger(at))) {
    throw new CelError(
      at === undefined
        ? `unsupported index type '${typeNameOf(index)}' in list`
        : `unsupported index value ${at} in list`,
    );
  }
  return list[Number(at)];
}

function indexed(list: readonly Value[], index: Value): Value {
  const found = element(list, index);
  if (found === undefined) throw new CelError(`index out of bounds: ${numeric(index)}`);
  return found;
}

function keyed(map: CelMap, key: Value): Value {
  const found = map.get(key);
  if (found === undefined)
    throw new CelError(`no such key: ${typeof key === "string" ? key : (numeric(key) ?? String(key))}`);
  return found;
}

function maybe(value: Value | undefined): Optional {
  return value === undefined ? Optional.none : new Optional(value);
}

function optionalIndex(operand: Value, key: Value): Optional {
  const value = operand instanceof Optional ? operand.value : operand;
  if (value === undefined) return Optional.none;
  if (value instanceof CelMap) return maybe(value.get(key));
  if (Array.isArray(value)) return maybe(element(value as readonly Value[], key));
  throw new CelError("no such overload");
}

const indexing: readonly Overload[] = [
  define("_[_]", [listOf(T), intType], T, indexed),
  define("_[_]", [mapOf(K, V), K], V, keyed),
  define("_[_]", [optionalOf(listOf(T)), intType], optionalOf(T), optionalIndex),
  define("_[_]", [optionalOf(mapOf(K, V)), K], optionalOf(V), optionalIndex),
  define("_[?_]", [listOf(T), intType], optionalOf(T), optionalIndex),
  define("_[?_]", [mapOf(K, V), K], optionalOf(V), optionalIndex),
  define("_[?_]", [optionalOf(listOf(T)), intType], optionalOf(T), optionalIndex),
  define("_[?_]", [optionalOf(mapOf(K, V)), K], optionalOf(V), optionalIndex),
  define(
    "@in",
    [T, listOf(T)],
    boolType,
    (item: Value, list: readonly Value[]) => list.some((other) => equal(item, other)),
    {
      cost: ([, size = 0]) => size,
    },
  ),
  define("@in", [K, mapOf(K, V)], boolType, (key: Value, map: CelMap) => map.has(key)),
];

/** What the macros accumulate with; they alone hold the list or map. */
const accumulation: readonly Overload[] = [
  define(
    "@append",
    [listOf(T), listOf(T)],
    listOf(T),
    (list: Value[], more: readonly Value[]) => {
      list.push(...more);
      return list;
    },
    { resultSize: both },
  ),
  define("cel.@mapInsert", [mapOf(K, V), K, V], mapOf(K, V), insert),
  define("cel.@mapInsert", [mapOf(K, V), mapOf(K, V)], mapOf(K, V), (map: EntriesMap, more: CelMap) => {
    for (const key of more.keys()) insert(map, key, more.get(key) ?? null);
    return map;
  }),
];

function keyText(key: Value): string {
  return String(key instanceof Uint ? key.value : key);
}

function insert(map: EntriesMap, key: Value, value: Value): EntriesMap {
  if (!map.add(key, value)) throw new CelError(`insert failed: key ${keyText(key)} already exists`);
  return map;
}

const sized = { cost: () => 1 };
const sizes: readonly Overload[] = [define, method].flatMap((make) => [
  make("size", [stringType], intType, (text: string) => BigInt([...text].length), sized),
  make("size", [bytesType], intType, (bytes: Uint8Array) => BigInt(bytes.length), sized),
  make("size", [listOf(T)], intType, (list: readonly Value[]) => BigInt(list.length), sized),
  make("size", [mapOf(K, V)], intType, (map: CelMap) => BigInt(map.size), sized),
]);

const optionals: readonly Overload[] = [
  define("optional.of", [T], optionalOf(T), (value: Value) => new Optional(value)),
  define("optional.none", [], optionalOf(T), () => Optional.none),
  define("optional.ofNonZeroValue", [T], optionalOf(T), (value: Value) =>
    isZero(value) ? Optional.none : new Optional(value),
  ),
  method("hasValue", [optionalOf(T)], boolType, ({ value }: Optional) => value !== undefined),
  method("value", [optionalOf(T)], T, ({ value }: Optional) => {
    if (value === undefined) throw new CelError("optional.none() dereference");
    return value;
  }),
  method("or", [optionalOf(T), optionalOf(T)], optionalOf(T), (a: Optional, b: Optional) =>
    a.value === undefined ? b : a,
  ),
  method("orValue", [optionalOf(T), T], T, ({ value }: Optional, other: Value) => value ?? other),
  define("dyn", [T], dynType, (value: Value) => value),
];

function isZero(value: Value): boolean {
  if (value === null || value === false || value === "" || value === 0 || value === 0n) return true;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof CelMap) return value.size === 0;
  return value instanceof Optional && value.value === undefined;
}

export const operators: Library = {
  overloads: [
    ...logic,
    ...arithmetic(
      "+",
      (a, b) => a + b,
      (a, b) => a + b,
    ),
    ...arithmetic(
      "-",
      (a, b) => a - b,
      (a, b) => a - b,
    ),
    ...arithmetic(
      "*",
      (a, b) => a * b,
      (a, b) => a * b,
    ),
    ...arithmetic("/", divide, (a, b) => a / b),
    ...arithmetic("%", remainder, undefined),
    ...additions,
    ...comparison("<", (order) => order < 0),
    ...comparison("<=", (order) => order <= 0),
    ...comparison(">", (order) => order > 0),
    ...comparison(">=", (order) => order >= 0),
    ...indexing,
    ...accumulation,
    ...sizes,
    ...optionals,
  ],
};
