import { doubleText } from "../numbers.ts";
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

/** `"%s is %d".format([…])`. */
export function formatText(pattern: string, values: readonly Value[]): string {
  let next = 0;
  return pattern.replace(/%(?:\.(\d+))?([\s\S]?)/g, (whole, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    const write = verbs[verb];
    if (write === undefined) {
      throw new CelError(
        `could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(verb || whole)}`,
      );
    }
    const index = next++;
    if (index >= values.length) throw new CelError(`index ${index} out of range`);
    return write(values[index] ?? null, precision === undefined ? 6 : Number(precision));
  });
}

function wrong(value: Value, wanted: string): CelError {
  return new CelError(
    `error during formatting: ${wanted} clause can only be used on ${wantedTypes[wanted]}, was given ${typeNameOf(value)}`,
  );
}

const wantedTypes: Readonly<Record<string, string>> = {
  decimal: "integers",
  "fixed-point": "doubles",
  scientific: "doubles",
  binary: "integers and bools",
  octal: "integers",
  hex: "integers, byte buffers, and strings",
  string: "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
};

function integer(value: Value): bigint | undefined {
  return typeof value === "bigint" ? value : value instanceof Uint ? value.value : undefined;
}

function real(value: Value, wanted: string): number {
  const number = typeof value === "number" ? value : integer(value);
  if (number === undefined) throw wrong(value, wanted);
  return Number(number);
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? undefined : value > 0 ? "Infinity" : "-Infinity";
}

function hexadecimal(value: Value, upper: boolean): string {
  const whole = integer(value);
  const text =
    whole !== undefined
      ? whole.toString(16)
      : typeof value === "string" || value instanceof Uint8Array
        ? Buffer.from(value as string).toString("hex")
        : undefined;
  if (text === undefined) throw wrong(value, "hex");
  return upper ? text.toUpperCase() : text;
}

function decimal(value: Value): string {
  if (typeof value === "number") {
    const text = special(value);
    if (text !== undefined) return text;
  }
  const whole = integer(value);
  if (whole === undefined) throw wrong(value, "decimal");
  return String(whole);
}

/** As Go rounds: half to even, where JavaScript rounds up. */
function fixed(value: number, precision: number): string {
  const digits = Math.min(precision, 40);
  const exact = value.toFixed(Math.min(100, digits + 60));
  const point = exact.indexOf(".") + 1;
  const last =
    exact
      .slice(0, point + digits)
      .replace(/\.$/, "")
      .at(-1) ?? "0";
  const isTie = /^50*$/.test(exact.slice(point + digits));
  if (isTie && Number(last) % 2 === 0) return exact.slice(0, point + digits).replace(/\.$/, "");
  return value.toFixed(digits);
}

function scientific(value: number, precision: number): string {
  const [mantissa, exponent = "+0"] = value.toExponential(Math.min(precision, 100)).split("e");
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

const verbs: Readonly<Record<string, ((value: Value, precision: number) => string) | undefined>> = {
  s: (value) => shown(value),
  d: decimal,
  f: (value, precision) => {
    const number = real(value, "fixed-point");
    return special(number) ?? fixed(number, precision);
  },
  e: (value, precision) => {
    const number = real(value, "scientific");
    return special(number) ?? scientific(number, precision);
  },
  b: (value) => {
    if (typeof value === "boolean") return value ? "1" : "0";
    const whole = integer(value);
    if (whole === undefined) throw wrong(value, "binary");
    return whole.toString(2);
  },
  o: (value) => {
    const whole = integer(value);
    if (whole === undefined) throw wrong(value, "octal");
    return whole.toString(8);
  },
  x: (value) => hexadecimal(value, false),
  X: (value) => hexadecimal(value, true),
};

function shown(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return special(value) ?? doubleText(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof TypeValue) return value.name;
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(shown).join(", ")}]`;
  if (!(value instanceof CelMap)) throw wrong(value, "string");
  const entries = value.keys().map((key) => `${shown(key)}: ${shown(value.get(key) ?? null)}`);
  return `{${entries.toSorted().join(", ")}}`;
}
