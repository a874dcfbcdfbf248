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
import { times, unknownSize } from "../sizes.ts";
import { durationOf } from "../times.ts";
import {
  boolType,
  type CelType,
  doubleType,
  durationType,
  intType,
  listOf,
  parameter,
  stringType,
  timestampType,
  bytesType,
  uintType,
} from "../types.ts";
import { CelError, CelMap, compareValues, Duration, equal, Uint, type Value } from "../values.ts";

type Values = readonly Value[];
const T = parameter("T");

function order(a: Value, b: Value): number {
  const result = compareValues(a, b);
  if (result === undefined) throw new CelError("no such overload");
  return result;
}

const isSorted = (list: Values) =>
  list.every((item, index) => index === 0 || order(list[index - 1] ?? null, item) <= 0);

function extreme(name: string, list: Values, sign: number): Value {
  const [first, ...rest] = list;
  if (first === undefined) throw new CelError(`${name} called on empty list`);
  return rest.reduce<Value>((best, item) => (order(item, best) * sign > 0 ? item : best), first);
}

function add(a: Value, b: Value): Value {
  if (typeof a === "bigint" && typeof b === "bigint") return int64(a + b);
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a instanceof Uint && b instanceof Uint) return uint64(a.value + b.value);
  if (a instanceof Duration && b instanceof Duration) return durationOf(a.nanos + b.nanos);
  throw new CelError("no such overload");
}

/** Everything in a value is looked at once. */
function traversed(value: Value): number {
  if (typeof value === "string") return Math.floor(Buffer.byteLength(value) * perCharacter);
  if (value instanceof Uint8Array) return Math.floor(value.length * perCharacter);
  if (Array.isArray(value)) return (value as Values).reduce<number>((cost, item) => cost + traversed(item), 0);
  if (!(value instanceof CelMap)) return 1;
  return value.keys().reduce<number>((cost, key) => cost + traversed(key) + traversed(value.get(key) ?? null), 0);
}

/** What looks once at all that it is called on: a list, or a text. */
export const lookingAtAll = {
  spent: ([value = null]: Values): number => traversed(value),
  estimate: ([operand]: readonly Operand[]): CallEstimate => {
    const { size, elements } = operand ?? { size: unknownSize, elements: unknownSize };
    if (operand?.type.kind !== "list") return { cost: traversal(size.max) };
    const { kind } = operand.type.element;
    const texts = kind === "string" || kind === "bytes";
    return { cost: times(size.max, texts ? 1 + traversal(elements.max) : 1) };
  },
};

const pairs = (factor: number) => ({
  cost: ([a = 0, b = 0]: readonly number[]) => 1 + times(a, b) * factor,
});

function forEach(types: readonly CelType[], make: (type: CelType) => Overload): Overload[] {
  return types.map(make);
}

const summed: readonly (readonly [CelType, Value])[] = [
  [intType, 0n],
  [uintType, new Uint(0n)],
  [doubleType, 0],
  [durationType, new Duration(0n)],
];
/** What has an order. */
export const comparableTypes: readonly CelType[] = [
  intType,
  uintType,
  doubleType,
  boolType,
  durationType,
  timestampType,
  stringType,
  bytesType,
];

/** Kubernetes' list functions. */
export const listLibrary: Library = {
  overloads: [
    ...forEach(comparableTypes, (type) => method("isSorted", [listOf(type)], boolType, isSorted, lookingAtAll)),
    ...forEach(comparableTypes, (type) =>
      method("max", [listOf(type)], type, (list: Values) => extreme("max", list, 1), lookingAtAll),
    ),
    ...forEach(comparableTypes, (type) =>
      method("min", [listOf(type)], type, (list: Values) => extreme("min", list, -1), lookingAtAll),
    ),
    ...summed.map(([type, zero]) =>
      method(
        "sum",
        [listOf(type)],
        type,
        (list: Values) => (list.length === 0 ? zero : list.slice(1).reduce(add, list[0] ?? zero)),
        lookingAtAll,
      ),
    ),
    method(
      "indexOf",
      [listOf(T), T],
      intType,
      (list: Values, item: Value) => BigInt(list.findIndex((other) => equal(other, item))),
      lookingAtAll,
    ),
    method(
      "lastIndexOf",
      [listOf(T), T],
      intType,
      (list: Values, item: Value) => BigInt(list.findLastIndex((other) => equal(other, item))),
      lookingAtAll,
    ),
  ],
};

const within = (list: Values, item: Value) => list.some((other) => equal(other, item));
const contains = (list: Values, sub: Values) => sub.every((item) => within(list, item));

/** cel-go's sets extension. */
export const setLibrary: Library = {
  overloads: [
    define("sets.contains", [listOf(T), listOf(T)], boolType, contains, pairs(1)),
    define(
      "sets.equivalent",
      [listOf(T), listOf(T)],
      boolType,
      (a: Values, b: Values) => contains(a, b) && contains(b, a),
      pairs(2),
    ),
    define(
      "sets.intersects",
      [listOf(T), listOf(T)],
      boolType,
      (a: Values, b: Values) => b.some((item) => within(a, item)),
      pairs(1),
    ),
  ],
};
