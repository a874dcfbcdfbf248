import {
  type CallEstimate,
  define,
  type Library,
  matchCost,
  method,
  type Operand,
  perCharacter,
  sizeOfFirst,
  traversal,
  traverseBoth,
  traverseFirst,
  traverseTwice,
} from "../functions.ts";
import { testPattern } from "../regex.ts";
import { addSizes, multiplySizes, type Size, times, unknownSize } from "../sizes.ts";
import { boolType, dynType, intType, listOf, stringType } from "../types.ts";
import { CelError, type Value } from "../values.ts";
import { lookingAtAll } from "./collections.ts";
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
  // Upstream looks at where to start last: nothing is found everywhere, and beyond the end is only nothing.
  if (part === "") return from;
  if (from > BigInt(all.length)) return -1n;
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

const whole = { cost: traverseFirst, resultSize: sizeOfFirst };
const some = { cost: traverseFirst };
const quoted = {
  cost: traverseFirst,
  resultSize: ([size = unknownSize]: readonly Size[]) => ({ min: size.min + 2, max: size.max * 2 + 2 }),
};

/** The end is looked at; upstream counts all of the text when it runs. */
const atEnd = {
  cost: traverseFirst,
  estimate: ([, part]: readonly Operand[]): CallEstimate => ({ cost: traversal(part?.size.max ?? 0) }),
};

/** As often as can be, by the longest, and as seldom as can be, by the shortest. */
function replacedSize([text = unknownSize, old = unknownSize, by = unknownSize]: readonly Size[]): Size {
  const most =
    old.min === 0
      ? times(text.max + 1, by.max) + text.max
      : by.max <= old.min
        ? text.max
        : times(Math.ceil(text.max / old.min), by.max);
  const least =
    old.max === 0
      ? times(text.min + 1, by.min) + text.min
      : old.max <= by.min
        ? text.min
        : times(Math.ceil(text.min / old.max), by.min);
  return { min: least, max: most };
}

const replaced = { cost: traverseTwice, resultSize: replacedSize };

const splitting = {
  cost: traverseTwice,
  estimate: ([text, , count]: readonly Operand[]): CallEstimate => {
    const most = text?.size.max ?? 0;
    const parts = count?.whole === undefined ? most : count.whole < 0n ? Number.POSITIVE_INFINITY : Number(count.whole);
    return { cost: traverseTwice([most]), size: { min: 0, max: parts } };
  },
};

const joining = {
  spent: ([list, by]: readonly Value[]): number => {
    const texts = list as readonly Value[];
    const length = texts.reduce<number>((total, text) => total + (typeof text === "string" ? text.length : 0), 0);
    return traverseTwice([length + (typeof by === "string" ? by.length * Math.max(0, texts.length - 1) : 0)]);
  },
  estimate: ([list, by]: readonly Operand[]): CallEstimate => {
    const count = list?.size ?? unknownSize;
    const between = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) };
    const texts = multiplySizes(count, list?.elements ?? unknownSize);
    const size = by === undefined ? texts : addSizes(texts, multiplySizes(by.size, between));
    return { cost: Math.ceil(size.max * perCharacter), size };
  },
};

export const stringLibrary: Library = {
  overloads: [
    method("contains", [stringType, stringType], boolType, (a: string, b: string) => a.includes(b), {
      cost: traverseBoth,
    }),
    method("startsWith", [stringType, stringType], boolType, (a: string, b: string) => a.startsWith(b), atEnd),
    method("endsWith", [stringType, stringType], boolType, (a: string, b: string) => a.endsWith(b), atEnd),
    method("matches", [stringType, stringType], boolType, testPattern, { cost: matchCost }),
    define("matches", [stringType, stringType], boolType, testPattern, {
      cost: matchCost,
      estimate: () => ({ cost: 1 }),
    }),
    method("charAt", [stringType, intType], stringType, charAt),
    method("indexOf", [stringType, stringType], intType, (a: string, b: string) => find(a, b, 0n, false), lookingAtAll),
    method(
      "indexOf",
      [stringType, stringType, intType],
      intType,
      (a: string, b: string, from: bigint) => find(a, b, from, false),
      lookingAtAll,
    ),
    method(
      "lastIndexOf",
      [stringType, stringType],
      intType,
      (a: string, b: string) => find(a, b, BigInt(points(a).length), true),
      lookingAtAll,
    ),
    method(
      "lastIndexOf",
      [stringType, stringType, intType],
      intType,
      (a: string, b: string, from: bigint) => find(a, b, from, true),
      lookingAtAll,
    ),
    method("lowerAscii", [stringType], stringType, lower, whole),
    method("upperAscii", [stringType], stringType, upper, whole),
    method("trim", [stringType], stringType, trim, whole),
    method(
      "replace",
      [stringType, stringType, stringType],
      stringType,
      (a: string, b: string, c: string) => replace(a, b, c, -1n),
      replaced,
    ),
    method("replace", [stringType, stringType, stringType, intType], stringType, replace, replaced),
    method(
      "split",
      [stringType, stringType],
      listOf(stringType),
      (a: string, b: string) => split(a, b, -1n),
      splitting,
    ),
    method("split", [stringType, stringType, intType], listOf(stringType), split, splitting),
    method("substring", [stringType, intType], stringType, substring, whole),
    method("substring", [stringType, intType, intType], stringType, substring, whole),
    method("join", [listOf(stringType)], stringType, (list: readonly string[]) => joined(list, ""), joining),
    method("join", [listOf(stringType), stringType], stringType, joined, joining),
    method("format", [stringType, listOf(dynType)], stringType, formatText, some),
    define("strings.quote", [stringType], stringType, quoteText, quoted),
  ],
};

function joined(list: readonly Value[], by: string): string {
  if (!list.every((item) => typeof item === "string")) throw new CelError("no such overload");
  return list.join(by);
}

/** In version 3 of the extension, which Kubernetes does not turn on. */
export const laterStrings: Library = {
  overloads: [method("reverse", [stringType], stringType, (text: string) => points(text).toReversed().join(""), whole)],
};
