import { define, type Library, matchCost, method, traverseBoth, traverseFirst, traversal } from "../functions.ts";
import { testPattern } from "../regex.ts";
import { boolType, dynType, intType, listOf, stringType } from "../types.ts";
import { CelError, type Value } from "../values.ts";
import { formatText, quoteText } from "./format-text.ts";

/** Indices count code points. */
function points(text: string): readonly string[] {
  return [...text];
}

function range(index: bigint, length: number): number {
  if (index < 0n || index > BigInt(length)) throw new CelError(`index out of range: ${index}`);
  return Number(index);
}

function charAt(text: string, index: bigint): string {
  const all = points(text);
  return all[range(index, all.length)] ?? "";
}

function find(text: string, part: string, from: bigint, last: boolean): bigint {
  const all = points(text);
  const start = range(from, all.length);
  const wanted = points(part);
  const holds = (at: number) => wanted.every((character, offset) => all[at + offset] === character);
  const end = all.length - wanted.length;
  if (last) {
    for (let at = Math.min(start, end); at >= 0; at--) if (holds(at)) return BigInt(at);
  } else {
    for (let at = start; at <= end; at++) if (holds(at)) return BigInt(at);
  }
  return -1n;
}

function substring(text: string, from: bigint, to?: bigint): string {
  const all = points(text);
  const start = range(from, all.length);
  const end = to === undefined ? all.length : range(to, all.length);
  if (start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  return all.slice(start, end).join("");
}

function replace(text: string, old: string, by: string, count: bigint): string {
  if (count < 0n) return old === "" ? insertBetween(text, by, Number.MAX_SAFE_INTEGER) : text.replaceAll(old, () => by);
  if (old === "") return insertBetween(text, by, Number(count));
  let rest = text;
  let out = "";
  for (let left = count; left > 0n; left--) {
    const at = rest.indexOf(old);
    if (at < 0) break;
    out += rest.slice(0, at) + by;
    rest = rest.slice(at + old.length);
  }
  return out + rest;
}

/** Go: an empty old string matches before each character and at the end. */
function insertBetween(text: string, by: string, count: number): string {
  const all = points(text);
  const marks = Math.min(count, all.length + 1);
  return [...all, ""].map((character, index) => (index < marks ? by : "") + character).join("");
}

function split(text: string, by: string, count: bigint): readonly string[] {
  if (count === 0n) return [];
  const parts = by === "" ? points(text) : text.split(by);
  if (count < 0n || BigInt(parts.length) <= count) return parts;
  const kept = Number(count) - 1;
  return [...parts.slice(0, kept), parts.slice(kept).join(by)];
}

const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const upper = (text: string) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
const trim = (text: string) => text.replace(/^[\p{White_Space}\u0085]+|[\p{White_Space}\u0085]+$/gu, "");

const whole = { cost: traverseFirst, resultSize: ([size = 0]: readonly number[]) => size };
const some = { cost: traverseFirst };
/** The greatest result: something put between all characters. */
const replaced = {
  cost: traverseFirst,
  resultSize: ([size = 0, , by = 0]: readonly number[]) => size + (size + 1) * by,
};

export const stringLibrary: Library = {
  overloads: [
    method("contains", [stringType, stringType], boolType, (a: string, b: string) => a.includes(b), {
      cost: traverseBoth,
    }),
    method("startsWith", [stringType, stringType], boolType, (a: string, b: string) => a.startsWith(b), {
      cost: ([, size = 0]) => traversal(size),
    }),
    method("endsWith", [stringType, stringType], boolType, (a: string, b: string) => a.endsWith(b), {
      cost: ([, size = 0]) => traversal(size),
    }),
    method("matches", [stringType, stringType], boolType, testPattern, { cost: matchCost }),
    define("matches", [stringType, stringType], boolType, testPattern, { cost: matchCost }),
    method("charAt", [stringType, intType], stringType, charAt, { resultSize: () => 1 }),
    method("indexOf", [stringType, stringType], intType, (a: string, b: string) => find(a, b, 0n, false), {
      cost: traverseBoth,
    }),
    method(
      "indexOf",
      [stringType, stringType, intType],
      intType,
      (a: string, b: string, from: bigint) => find(a, b, from, false),
      {
        cost: traverseBoth,
      },
    ),
    method(
      "lastIndexOf",
      [stringType, stringType],
      intType,
      (a: string, b: string) => find(a, b, BigInt(points(a).length), true),
      {
        cost: traverseBoth,
      },
    ),
    method(
      "lastIndexOf",
      [stringType, stringType, intType],
      intType,
      (a: string, b: string, from: bigint) => find(a, b, from, true),
      {
        cost: traverseBoth,
      },
    ),
    method("lowerAscii", [stringType], stringType, lower, whole),
    method("upperAscii", [stringType], stringType, upper, whole),
    method("trim", [stringType], stringType, trim, whole),
    method("reverse", [stringType], stringType, (text: string) => points(text).toReversed().join(""), whole),
    method(
      "replace",
      [stringType, stringType, stringType],
      stringType,
      (a: string, b: string, c: string) => replace(a, b, c, -1n),
      replaced,
    ),
    method("replace", [stringType, stringType, stringType, intType], stringType, replace, replaced),
    method("split", [stringType, stringType], listOf(stringType), (a: string, b: string) => split(a, b, -1n), whole),
    method("split", [stringType, stringType, intType], listOf(stringType), split, whole),
    method("substring", [stringType, intType], stringType, substring, whole),
    method("substring", [stringType, intType, intType], stringType, substring, whole),
    method("join", [listOf(stringType)], stringType, (list: readonly string[]) => joined(list, ""), some),
    method("join", [listOf(stringType), stringType], stringType, joined, some),
    method("format", [stringType, listOf(dynType)], stringType, formatText, some),
    define("strings.quote", [stringType], stringType, quoteText, whole),
  ],
};

function joined(list: readonly Value[], by: string): string {
  if (!list.every((item) => typeof item === "string")) throw new CelError("no such overload");
  return list.join(by);
}
