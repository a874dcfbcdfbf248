import type { CelType } from "./types.ts";
import { type Size, times } from "./sizes.ts";
import { CelMap, Optional, typeNameOf, type Value } from "./values.ts";

/** Sizes of arguments, as costs depend on them: characters, bytes, elements, entries; 1 for all else. */
export type Sizes = readonly number[];

/** What is known of an operand before anything is evaluated. */
export interface Operand {
  readonly type: CelType;
  readonly size: Size;
  /** Of what a list holds. */
  readonly elements: Size;
  /** Of a literal int. */
  readonly whole: bigint | undefined;
}

export interface CallEstimate {
  readonly cost: number;
  /** Absent: as far as the type tells. */
  readonly size?: Size;
}

/** One way to call a function. */
export interface Overload {
  readonly name: string;
  /** `a.f(b)`, not `f(a, b)`; the receiver is the first parameter. */
  readonly member: boolean;
  readonly parameters: readonly CelType[];
  readonly result: CelType;
  /** Throws `CelError`. */
  readonly call: (values: readonly Value[]) => Value;
  /** Units; 1 when absent. Asked with real sizes at run time, and with the greatest possible ones to estimate. */
  readonly cost?: (sizes: Sizes) => number;
  /** How large the result can be for operands of these sizes. Absent: as far as the type tells. */
  readonly resultSize?: (sizes: readonly Size[]) => Size;
  /** What one call costs, where that depends on more than sizes. */
  readonly spent?: (values: readonly Value[]) => number;
  /** What a call can cost at most, where upstream estimates other than it counts. */
  readonly estimate?: (operands: readonly Operand[]) => CallEstimate;
}

type Rest = Pick<Overload, "cost" | "resultSize" | "spent" | "estimate">;

export function define(
  name: string,
  parameters: readonly CelType[],
  result: CelType,
  call: (...values: never[]) => Value,
  rest: Rest = {},
): Overload {
  return { name, member: false, parameters, result, call: spread(call), ...rest };
}

export function method(
  name: string,
  parameters: readonly CelType[],
  result: CelType,
  call: (...values: never[]) => Value,
  rest: Rest = {},
): Overload {
  return { name, member: true, parameters, result, call: spread(call), ...rest };
}

/** The checker and the dispatch see to it that values fit the parameters an implementation declares. */
function spread(call: (...values: never[]) => Value): Overload["call"] {
  const typed = call as unknown as (...values: readonly Value[]) => Value;
  return (values) => typed(...values);
}

/** A type that expressions may construct: `Object.spec{replicas: 3}`. */
export interface StructProvider {
  /** The type of that name, or undefined. */
  find(name: string): CelType | undefined;
  /** Makes one from fields that were checked. */
  create(type: CelType, fields: ReadonlyMap<string, Value>): CelMap;
}

/** Functions, constants and constructible types that come together. */
export interface Library {
  readonly overloads: readonly Overload[];
  readonly constants?: ReadonlyMap<string, { readonly type: CelType; readonly value: Value }>;
  readonly structs?: StructProvider;
}

/** What an evaluation says of values that no way to call a function takes. */
export function unfit(name: string, values: readonly Value[]): string {
  if (byTrait.has(name)) return `no such overload: ${name}`;
  if (!/^[a-z]/i.test(name) || bySingleton.has(name)) return "no such overload";
  return `no such overload: ${name}(${values.map(typeNameOf).join(", ")})`;
}

/** Functions that cel-go asks one trait of a value for, whatever the overload. */
const byTrait = new Set(["size", "sort", "_%_", "-_"]);
/** Functions with one implementation for all overloads. */
const bySingleton = new Set(["contains", "startsWith", "endsWith", "matches", "lists.range", "or"]);

/** Per character that is looked at. Upstream: `StringTraversalCostFactor`. */
export const perCharacter = 0.1;
/** Upstream: `RegexStringLengthCostFactor`. */
export const perPatternCharacter = 0.25;

export const traversal = (size: number): number => Math.ceil(size * perCharacter);

/** Costs that grow with the first argument. */
export const traverseFirst = ([size = 0]: Sizes): number => traversal(size);

/** The first argument is looked at and a result made of it. */
export const traverseTwice = ([size = 0]: Sizes): number => Math.ceil(size * 2 * perCharacter);

/** Searching one text in another. */
export const traverseBoth = ([a = 0, b = 0]: Sizes): number => times(traversal(a), traversal(b));

export const matchCost = ([text = 0, pattern = 0]: Sizes): number =>
  times(traversal(text + 1), Math.ceil(pattern * perPatternCharacter));

/** A result as large as the first argument. */
export const sizeOfFirst = ([size]: readonly Size[]): Size => size ?? { min: 0, max: 0 };

/** As costs count it. */
export function sizeOf(value: Value): number {
  if (typeof value === "string" || Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Optional) return value.value === undefined ? 1 : sizeOf(value.value);
  return value instanceof CelMap ? value.size : 1;
}
