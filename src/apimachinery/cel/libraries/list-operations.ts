import { type CallEstimate, define, type Library, method, type Operand, perCharacter, sizeOf } from "../functions.ts";
import { exactly, multiplySizes, type Size, unknownSize } from "../sizes.ts";
import { type CelType, dynType, intType, listOf, optionalOf, parameter } from "../types.ts";
import { CelError, compareValues, equal, Optional, typeNameOf, type Value } from "../values.ts";
import { comparableTypes } from "./collections.ts";

type Values = readonly Value[];
const T = parameter("T");
const list = listOf(T);

function slice(values: Values, start: bigint, end: bigint): Values {
  const wrong = (reason: string) => new CelError(`cannot slice(${start}, ${end}), ${reason}`);
  if (start < 0n || end < 0n) throw wrong("negative indexes not supported");
  if (start > end) throw wrong("start index must be less than or equal to end index");
  if (BigInt(values.length) < end) throw wrong(`list is length ${values.length}`);
  return values.slice(Number(start), Number(end));
}

function flatten(values: Values, depth: bigint): Values {
  if (depth < 0n) throw new CelError("level must be non-negative");
  if (depth === 0n) return values;
  return values.flatMap((value) => (Array.isArray(value) ? flatten(value as Values, depth - 1n) : [value]));
}

function sortBy(values: Values, keys: Values): Values {
  if (values.length !== keys.length) {
    throw new CelError(
      `@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got ${values.length} and ${keys.length} elements respectively`,
    );
  }
  const [first = null] = keys;
  if (keys.length > 0 && compareValues(first, first) === undefined && !Number.isNaN(first)) {
    throw new CelError("list elements must be comparable");
  }
  if (keys.some((key) => typeNameOf(key) !== typeNameOf(first))) {
    throw new CelError("list elements must have the same type");
  }
  const order = [...keys.keys()].toSorted((a, b) => compareValues(keys[a] ?? null, keys[b] ?? null) ?? 0);
  return order.map((index) => values[index] ?? null);
}

function distinct(values: Values): Values {
  const kept: Value[] = [];
  for (const value of values) if (!kept.some((other) => equal(value, other))) kept.push(value);
  return kept;
}

/** A call, and the list it makes. */
const baseCost = 1 + 10;
const comparison = 2;

const made = (size: Size, factor = 1): CallEstimate => ({ cost: Math.ceil(size.max * factor) + baseCost, size });
const squared = (operand: Operand | undefined): Size => {
  const size = operand?.size ?? unknownSize;
  return multiplySizes(size, size);
};
const natural = (whole: bigint): number => (whole < 0n ? 0 : Number(whole));

/** Everything may be compared with everything. */
function compared(values: Values | undefined): number {
  const [first = null] = values ?? [];
  const factor = typeof first === "string" || first instanceof Uint8Array ? comparison + perCharacter : comparison;
  return Math.floor((values?.length ?? 0) ** 2 * factor) + baseCost;
}

const sorting = (type: CelType, index: number) => ({
  spent: (values: Values) => compared(values[index] as Values),
  estimate: (operands: readonly Operand[]) =>
    made(
      squared(operands[index]),
      type.kind === "string" || type.kind === "bytes" ? comparison + perCharacter : comparison,
    ),
});

const copying = {
  spent: ([values = null]: Values) => sizeOf(values) + baseCost,
  estimate: ([values]: readonly Operand[]) => made(values?.size ?? unknownSize),
};

/** cel-go's lists extension, version 3. */
export const listOperations: Library = {
  overloads: [
    method("slice", [list, intType, intType], list, slice, {
      spent: ([, start, end]) => natural((end as bigint) - (start as bigint)) + baseCost,
      estimate: ([values, start, end]) => {
        const to = end?.whole === undefined ? (values?.size.max ?? 0) : natural(end.whole);
        const size = to - natural(start?.whole ?? 0n);
        return made(size < 0 ? unknownSize : exactly(size));
      },
    }),
    method("flatten", [listOf(list)], list, (values: Values) => flatten(values, 1n), copying),
    method("flatten", [listOf(dynType), intType], listOf(dynType), flatten, {
      spent: ([values = null, depth]) => sizeOf(values) * natural(depth as bigint) + baseCost,
      estimate: ([values, depth]) =>
        made(values?.size ?? unknownSize, depth?.whole === undefined ? Number.MAX_SAFE_INTEGER : natural(depth.whole)),
    }),
    ...comparableTypes.flatMap((type) => [
      method("sort", [listOf(type)], listOf(type), (values: Values) => sortBy(values, values), sorting(type, 0)),
      method("@sortByAssociatedKeys", [list, listOf(type)], list, sortBy, sorting(type, 1)),
    ]),
    define(
      "lists.range",
      [intType],
      listOf(intType),
      (count: bigint) => Array.from({ length: natural(count) }, (_, index) => BigInt(index)),
      {
        spent: ([count]) => natural(count as bigint) + baseCost,
        estimate: ([count]) =>
          made(exactly(count?.whole === undefined ? Number.POSITIVE_INFINITY : natural(count.whole))),
      },
    ),
    method("reverse", [list], list, (values: Values) => values.toReversed(), copying),
    method("distinct", [list], list, distinct, {
      spent: ([values]) => compared(values as Values),
      estimate: ([values]) => made(squared(values), comparison),
    }),
  ],
};

const held = (values: Values): Values =>
  values.flatMap((value) => {
    if (!(value instanceof Optional)) throw new CelError(`value ${String(value)} is not optional`);
    return value.value === undefined ? [] : [value.value];
  });
const firstOf = (value: Value | undefined): Optional => (value === undefined ? Optional.none : new Optional(value));

/** What version 2 of the optional types adds for lists. */
export const optionalLists: Library = {
  overloads: [
    method("first", [list], optionalOf(T), (values: Values) => firstOf(values[0])),
    method("last", [list], optionalOf(T), (values: Values) => firstOf(values.at(-1))),
    define("optional.unwrap", [listOf(optionalOf(T))], list, held),
    method("unwrapOpt", [listOf(optionalOf(T))], list, held),
  ],
};
