import { quote } from "../../validation/index.ts";
import { doubleText, exactDecimal } from "../numbers.ts";
import { durationText, timestampText } from "../times.ts";
import { CelError, CelMap, Duration, Timestamp, TypeValue, typeNameOf, Uint, type Value } from "../values.ts";

const named: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** `strings.quote`. */
export function quoteText(text: string): string {
  return `"${text.replace(/[\p{Cc}\\"]/gu, (character) => named[character] ?? character)}"`;
}

/** One `%…` of a format. */
export interface Clause {
  readonly verb: Verb;
  readonly precision: number;
}

export type Verb = "s" | "d" | "f" | "e" | "b" | "o" | "x" | "X";

const defaultPrecision = 6;

/**
 * Takes a format apart; texts between clauses stay as they are. Asks `take` for a value before each clause is read, as
 * upstream does, so a value that is missing is told before a clause that cannot be read. Throws `CelError`.
 */
export function formatParts(pattern: string, take: (index: number) => void): readonly (string | Clause)[] {
  const parts: (string | Clause)[] = [];
  let index = 0;
  for (let at = 0; at < pattern.length; ) {
    const next = pattern.indexOf("%", at);
    if (next < 0) return [...parts, pattern.slice(at)];
    parts.push(pattern.slice(at, next));
    at = next + 1;
    if (pattern[at] === "%") {
      parts.push("%");
      at++;
      continue;
    }
    take(index++);
    if (at >= pattern.length) throw new CelError("unexpected end of string");
    const [clause, length] = readClause(pattern.slice(at));
    parts.push(clause);
    at += length;
  }
  return parts;
}

function readClause(text: string): readonly [Clause, number] {
  const precision = text.startsWith(".") ? readPrecision(text.slice(1)) : "";
  const at = precision === "" ? 0 : precision.length + 1;
  const verb = text[at] ?? "";
  if (!isVerb(verb)) {
    // Upstream shows one byte of it.
    const byte = Buffer.from(text.slice(at)).subarray(0, 1).toString("latin1");
    throw unreadable(`unrecognized formatting clause ${JSON.stringify(byte)}`);
  }
  return [{ verb, precision: precision === "" ? defaultPrecision : Number(precision) }, at + 1];
}

function isVerb(text: string): text is Verb {
  return text.length === 1 && "sdfeboxX".includes(text);
}

function readPrecision(text: string): string {
  const digits = /^\d*/.exec(text)?.[0] ?? "";
  if (digits.length === text.length) {
    throw unreadable("error while parsing precision: could not find end of precision specifier");
  }
  const problem = digits === "" ? "invalid syntax" : BigInt(digits) >= 2n ** 63n ? "value out of range" : undefined;
  if (problem === undefined) return digits;
  throw unreadable(
    `error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "${digits}": ${problem}`,
  );
}

const unreadable = (reason: string) => new CelError(`could not parse formatting clause: ${reason}`);

/** `"%s is %d".format([…])`. Numbers are written as in American English: `%.1f` of 1234.5 is `1,234.5`. */
export function formatText(pattern: string, values: readonly Value[]): string {
  let next = 0;
  const parts = formatParts(pattern, (index) => {
    if (index >= values.length) throw new CelError(`index ${index} out of range`);
  });
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      return verbs[part.verb](values[next++] ?? null, part.precision);
    })
    .join("");
}

/** What a clause says of a type that it cannot write; `given` is the type's name. */
export function wrongType(verb: Verb, given: string): CelError {
  return new CelError(`error during formatting: ${refusals[verb]}, was given ${given}`);
}

const hexadecimals = "only integers, byte buffers, and strings can be formatted as hex";
const refusals: Readonly<Record<Verb, string>> = {
  s: "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
  d: "decimal clause can only be used on integers",
  f: "fixed-point clause can only be used on doubles",
  e: "scientific clause can only be used on doubles",
  b: "only integers and bools can be formatted as binary",
  o: "octal clause can only be used on integers",
  x: hexadecimals,
  X: hexadecimals,
};

function integer(value: Value): bigint | undefined {
  return typeof value === "bigint" ? value : value instanceof Uint ? value.value : undefined;
}

function whole(verb: Verb, value: Value): bigint {
  const found = integer(value);
  if (found === undefined) throw wrongType(verb, typeNameOf(value));
  return found;
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? undefined : value > 0 ? "∞" : "-∞";
}

function hexadecimal(verb: Verb, value: Value): string {
  const number = integer(value);
  if (number !== undefined) return number.toString(16);
  if (typeof value === "string" || value instanceof Uint8Array) return Buffer.from(value as string).toString("hex");
  throw wrongType(verb, typeNameOf(value));
}

function fixed(value: number, precision: number): string {
  const [integerPart = "", fraction] = exactDecimal(value, precision).split(".");
  const grouped = integerPart.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Upstream keeps the precision in a byte. */
const precisions = 256;

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Six places, whatever precision is asked for. */
function scientific(value: number): string {
  const [mantissa, exponent = "+0"] = halfEven(value).split("e");
  const digits = exponent.slice(1).padStart(2, "0");
  return `${mantissa}×10${exponent[0] === "-" ? "⁻" : ""}${digits.replace(/\d/g, (digit) => superscripts[Number(digit)] ?? "")}`;
}

/** With six places; JavaScript would round what lies just between two up. */
function halfEven(value: number): string {
  const [mantissa = "0", exponent = "+0"] = value.toExponential().split("e");
  const digits = mantissa.replace("-", "");
  const kept = digits.slice(0, defaultPrecision + 2);
  // Only what has few digits after the binary point, too, lies just between two.
  const isExact = Number.isInteger(value * 2 ** 20);
  const isTie = isExact && digits.slice(defaultPrecision + 2) === "5" && Number(kept.at(-1)) % 2 === 0;
  return isTie ? `${value < 0 ? "-" : ""}${kept}e${exponent}` : value.toExponential(defaultPrecision);
}

function real(verb: Verb, value: Value, write: (value: number) => string): string {
  if (typeof value !== "number") throw wrongType(verb, typeNameOf(value));
  return special(value) ?? write(value);
}

const verbs: Readonly<Record<Verb, (value: Value, precision: number) => string>> = {
  s: (value) => shown(value),
  d: (value) => String(whole("d", value)),
  f: (value, precision) => real("f", value, (number) => fixed(number, precision % precisions)),
  e: (value) => real("e", value, scientific),
  b: (value) => (typeof value === "boolean" ? (value ? "1" : "0") : whole("b", value).toString(2)),
  o: (value) => whole("o", value).toString(8),
  x: (value) => hexadecimal("x", value),
  X: (value) => hexadecimal("X", value).toUpperCase(),
};

function shown(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return doubleText(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return utf8(value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof TypeValue) return value.name;
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(within).join(", ")}]`;
  if (!(value instanceof CelMap)) throw wrongType("s", typeNameOf(value));
  const entries = value.keys().map((key) => `${keyShown(key)}:${within(value.get(key) ?? null)}`);
  return `{${entries.toSorted().join(", ")}}`;
}

function keyShown(key: Value): string {
  const writes = typeof key === "string" || typeof key === "bigint" || typeof key === "boolean" || key instanceof Uint;
  if (writes) return within(key);
  throw new CelError(`error during formatting: no formatting function for map key of type ${typeNameOf(key)}`);
}

/** In a list or a map, texts stand in quotes and other values as an expression would write them. */
function within(value: Value): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return `"${doubleText(value)}"`;
    return `${Object.is(value, -0) ? "-" : ""}${exactDecimal(value, defaultPrecision)}`;
  }
  if (value instanceof Uint8Array) return `b"${utf8(value)}"`;
  if (value instanceof Timestamp) return `timestamp("${timestampText(value)}")`;
  if (value instanceof Duration) return `duration("${durationText(value)}")`;
  const writes = value === null || typeof value !== "object" || isWritten(value);
  if (!writes) throw new CelError(`error during formatting: no formatting function for ${typeNameOf(value)}`);
  return shown(value);
}

function isWritten(value: Value): boolean {
  return Array.isArray(value) || value instanceof CelMap || value instanceof Uint || value instanceof TypeValue;
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CelError(
      'error during formatting: could not convert argument "invalid UTF-8 in bytes, cannot convert to string" to string',
    );
  }
}
