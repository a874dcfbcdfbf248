import { define, type Library, method, type Overload, traverseFirst } from "../functions.ts";
import { doubleText, doubleToInt, doubleToUint, int64, uint64 } from "../numbers.ts";
import { unknownSize } from "../sizes.ts";
import {
  durationText,
  fieldsOf,
  parseDuration,
  parseTimestamp,
  type TimeFields,
  timestampOf,
  timestampText,
} from "../times.ts";
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
  nullType,
  parameter,
  stringType,
  timestampType,
  uintType,
} from "../types.ts";
import { CelError, type Duration, type Timestamp, TypeValue, typeNameOf, type Uint, type Value } from "../values.ts";

function failed(from: string, to: string): CelError {
  return new CelError(`type conversion error from '${from}' to '${to}'`);
}

function parseInteger(text: string, to: "int" | "uint"): bigint {
  if (!(to === "int" ? /^[+-]?\d+$/ : /^\d+$/).test(text)) throw failed("string", to);
  const value = BigInt(text.replace("+", ""));
  const [least, most] = to === "int" ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  if (value < least || value > most) throw failed("string", to);
  return value;
}

function parseDouble(text: string): number {
  const plain = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : hexadecimal(text);
  if (plain !== undefined) {
    if (!Number.isFinite(plain)) throw failed("string", "double");
    return plain;
  }
  const word = text.toLowerCase();
  if (word === "nan") return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/.exec(word);
  if (infinite === null) throw failed("string", "double");
  return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** `0x1.8p3`, as Go reads it. */
function hexadecimal(text: string): number | undefined {
  const match = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const value = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -value : value;
}

function parseBool(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw failed("string", "bool");
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CelError("invalid UTF-8 in bytes, cannot convert to string");
  }
}

/** Upstream charges by size only where text becomes bytes or the other way round. */
const to = (name: string, from: CelType, type: CelType, call: (value: never) => Value): Overload =>
  define(name, [from], type, call, traversing[`${from.kind} ${type.kind}`] ?? {});

/** A character takes up to four bytes. */
const traversing: Readonly<Record<string, Pick<Overload, "cost" | "resultSize">>> = {
  "string bytes": { cost: traverseFirst, resultSize: ([size = unknownSize]) => ({ min: size.min, max: size.max * 4 }) },
  "bytes string": {
    cost: traverseFirst,
    resultSize: ([size = unknownSize]) => ({ min: Math.floor(size.min / 4), max: size.max }),
  },
};

const same = (value: Value): Value => value;

const conversions: readonly Overload[] = [
  to("int", intType, intType, same),
  to("int", uintType, intType, ({ value }: Uint) => int64(value)),
  to("int", doubleType, intType, doubleToInt),
  to("int", stringType, intType, (text: string) => int64(parseInteger(text, "int"))),
  to("int", timestampType, intType, ({ seconds }: Timestamp) => seconds),
  to("int", durationType, intType, ({ nanos }: Duration) => nanos),
  to("uint", uintType, uintType, same),
  to("uint", intType, uintType, (value: bigint) => uint64(value)),
  to("uint", doubleType, uintType, doubleToUint),
  to("uint", stringType, uintType, (text: string) => uint64(parseInteger(text, "uint"))),
  to("double", doubleType, doubleType, same),
  to("double", intType, doubleType, (value: bigint) => Number(value)),
  to("double", uintType, doubleType, ({ value }: Uint) => Number(value)),
  to("double", stringType, doubleType, parseDouble),
  to("bool", boolType, boolType, same),
  to("bool", stringType, boolType, parseBool),
  to("string", stringType, stringType, same),
  to("string", intType, stringType, (value: bigint) => String(value)),
  to("string", uintType, stringType, ({ value }: Uint) => String(value)),
  to("string", doubleType, stringType, doubleText),
  to("string", boolType, stringType, (value: boolean) => String(value)),
  to("string", bytesType, stringType, decodeUtf8),
  to("string", timestampType, stringType, timestampText),
  to("string", durationType, stringType, durationText),
  to("bytes", bytesType, bytesType, same),
  to("bytes", stringType, bytesType, (text: string) => new TextEncoder().encode(text)),
  to("timestamp", timestampType, timestampType, same),
  to("timestamp", stringType, timestampType, (text: string) => {
    const parsed = parseTimestamp(text);
    if (parsed === undefined) throw failed("string", "google.protobuf.Timestamp");
    return parsed;
  }),
  to("timestamp", intType, timestampType, (seconds: bigint) => timestampOf(seconds * 1_000_000_000n)),
  to("duration", durationType, durationType, same),
  // Declared, and never done.
  to("duration", intType, durationType, () => {
    throw failed("int", "google.protobuf.Duration");
  }),
  to("duration", stringType, durationType, (text: string) => {
    const parsed = parseDuration(text);
    if (parsed === undefined) throw failed("string", "google.protobuf.Duration");
    return parsed;
  }),
  define(
    "type",
    [parameter("T")],
    { kind: "type", of: parameter("T") },
    (value: Value) => new TypeValue(typeNameOf(value)),
  ),
];

function timePart(name: string, read: (fields: TimeFields) => number): Overload[] {
  const at = (zone: string) => (time: Timestamp) => BigInt(read(fieldsOf(time, zone)));
  return [
    method(name, [timestampType], intType, at("UTC")),
    method(name, [timestampType, stringType], intType, (time: Timestamp, zone: string) => at(zone)(time)),
  ];
}

const parts: readonly Overload[] = [
  ...timePart("getFullYear", ({ year }) => year),
  ...timePart("getMonth", ({ month }) => month),
  ...timePart("getDayOfYear", ({ dayOfYear }) => dayOfYear),
  ...timePart("getDayOfMonth", ({ day }) => day - 1),
  ...timePart("getDate", ({ day }) => day),
  ...timePart("getDayOfWeek", ({ dayOfWeek }) => dayOfWeek),
  ...timePart("getHours", ({ hours }) => hours),
  ...timePart("getMinutes", ({ minutes }) => minutes),
  ...timePart("getSeconds", ({ seconds }) => seconds),
  ...timePart("getMilliseconds", ({ milliseconds }) => milliseconds),
  method("getHours", [durationType], intType, ({ nanos }: Duration) => nanos / 3_600_000_000_000n),
  method("getMinutes", [durationType], intType, ({ nanos }: Duration) => nanos / 60_000_000_000n),
  method("getSeconds", [durationType], intType, ({ nanos }: Duration) => nanos / 1_000_000_000n),
  method("getMilliseconds", [durationType], intType, ({ nanos }: Duration) => nanos / 1_000_000n),
];

const typeNames: readonly (readonly [string, CelType])[] = [
  ["bool", boolType],
  ["int", intType],
  ["uint", uintType],
  ["double", doubleType],
  ["string", stringType],
  ["bytes", bytesType],
  ["null_type", nullType],
  ["list", listOf(dynType)],
  ["map", mapOf(dynType, dynType)],
  ["google.protobuf.Timestamp", timestampType],
  ["google.protobuf.Duration", durationType],
  ["type", { kind: "type", of: undefined }],
  ["optional_type", { kind: "optional", element: dynType }],
];

export const conversionLibrary: Library = {
  overloads: [...conversions, ...parts],
  constants: new Map(
    typeNames.map(([name, type]) => [
      name,
      { type: { kind: "type", of: type } as CelType, value: new TypeValue(name) },
    ]),
  ),
};
