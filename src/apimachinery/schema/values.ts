import { canonicalQuantity } from "../quantity/cache.ts";
import { int64Of } from "./exact-json.ts";
import { refuse } from "./misfit.ts";
import { keyMark, walkState } from "./walk-state.ts";

/** A list that is not there, where Go has a nil slice that it writes as null. */
export const nilList: readonly never[] = Object.freeze([]);

type Convert = (value: unknown) => unknown;

/** JSON's number of keys at all depths, for values whose schema says nothing. */
export function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) keys += countKeys(item);
    return keys;
  }
  const object = value as Readonly<Record<string, unknown>>;
  for (const key in object) keys += 1 + countKeys(object[key]);
  return keys;
}

export function copyJson(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    if (item !== undefined) setKey(copy, key, copyJson(item));
  }
  return copy;
}

/** Also for `__proto__`, which a plain assignment would take for the prototype. */
export function setKey(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

export function anyValue(value: unknown): unknown {
  // Nobody asks for the number of keys of what is encoded.
  if (!walkState.nulls) walkState.keys += countKeys(value);
  return walkState.own ? value : copyJson(value);
}

export function quantityValue(value: unknown): string {
  if (typeof value !== "string" && typeof value !== "number") refuse();
  try {
    return canonicalQuantity(typeof value === "number" ? String(value) : value.trim());
  } catch {
    refuse();
  }
}

export function intOrStringValue(value: unknown): number | string {
  if (typeof value === "string" || (typeof value === "number" && (value | 0) === value)) return value;
  refuse();
}

export function stringValue(value: unknown): string {
  if (typeof value !== "string") refuse();
  return value;
}

export function boolValue(value: unknown): boolean {
  if (typeof value !== "boolean") refuse();
  return value;
}

export function int32Value(value: unknown): number {
  if (typeof value !== "number" || (value | 0) !== value) refuse();
  return value;
}

/** A number where JavaScript holds it exactly, else a bigint. */
export function int64Value(value: unknown): number | bigint {
  if (typeof value === "bigint") return int64Of(BigInt.asIntN(64, value));
  if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) >= 2 ** 63) refuse();
  return value;
}

export function doubleValue(value: unknown): number {
  if (typeof value !== "number") refuse();
  return value;
}

/** Base64 with padding, as Go writes it. */
export function bytesValue(value: unknown): string {
  if (typeof value !== "string") refuse();
  if (value !== "" && Buffer.from(value, "base64").toString("base64") !== value) refuse();
  return value;
}

export function listOf(convert: Convert): Convert {
  return (value) => {
    if (!Array.isArray(value)) refuse();
    const list = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index++) list[index] = convert(value[index]);
    return list;
  };
}

export function listOfStrings(value: unknown): unknown {
  if (!Array.isArray(value)) refuse();
  for (const item of value) if (typeof item !== "string") refuse();
  return walkState.own ? value : value.slice();
}

/** With keys in order, as Go encodes maps. */
export function mapOf(convert: Convert): Convert {
  return (value) => {
    const keys = sortedKeys(value);
    const map: Record<string, unknown> = {};
    for (const key of keys) setKey(map, marked(key), convert((value as Readonly<Record<string, unknown>>)[key]));
    return map;
  };
}

export function mapOfStrings(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse();
  const source = value as Readonly<Record<string, unknown>>;
  let [count, sorted, previous] = [0, true, ""];
  for (const key in source) {
    if (typeof source[key] !== "string") return copyOfStrings(source);
    if (key < previous || startsWithDigit(key)) sorted = false;
    previous = key;
    count++;
  }
  if (!sorted || !walkState.own) return copyOfStrings(source);
  walkState.keys += count;
  return value;
}

function copyOfStrings(source: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  for (const key of sortedKeys(source)) setKey(map, marked(key), stringValue(source[key]));
  return map;
}

function startsWithDigit(key: string): boolean {
  const code = key.charCodeAt(0);
  return code >= 0x30 && code <= 0x39;
}

/** JavaScript puts keys that look like array indexes first, whatever the order; marked ones stay where they are. */
function marked(key: string): string {
  if (!walkState.nulls || !startsWithDigit(key)) return key;
  walkState.marked = true;
  return keyMark + key;
}

function sortedKeys(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse();
  const source = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(source).filter((key) => source[key] !== undefined);
  walkState.keys += keys.length;
  return keys.sort();
}
