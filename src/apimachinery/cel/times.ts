import { CelError, Duration, Timestamp } from "./values.ts";

const billion = 1_000_000_000n;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
const secondsLeast = -62135596800n;
const secondsMost = 253402300799n;
const nanosMost = 2n ** 63n - 1n;

export function timestampOf(totalNanos: bigint, zone = 0): Timestamp {
  let seconds = totalNanos / billion;
  let nanos = totalNanos % billion;
  if (nanos < 0n) {
    seconds -= 1n;
    nanos += billion;
  }
  if (seconds < secondsLeast || seconds > secondsMost) throw new CelError("timestamp overflow");
  return new Timestamp(seconds, Number(nanos), zone);
}

export function durationOf(nanos: bigint): Duration {
  if (nanos > nanosMost || nanos < -nanosMost - 1n) throw new CelError("duration overflow");
  return new Duration(nanos);
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 with up to nine places; undefined for anything else. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = match;
  const fields = [Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second)] as const;
  const ms = utc(...fields);
  const back = new Date(ms);
  if (back.getUTCMonth() + 1 !== fields[1] || back.getUTCDate() !== fields[2]) return undefined;
  if (fields[3] > 23 || fields[4] > 59 || fields[5] > 59) return undefined;
  const offset = offsetMinutes(zone) ?? 0;
  const seconds = BigInt(ms / 1000 - offset * 60);
  if (seconds < secondsLeast || seconds > secondsMost) return undefined;
  return new Timestamp(seconds, Number(fraction.padEnd(9, "0")), offset);
}

function utc(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return date.getTime();
}

function offsetMinutes(zone: string): number | undefined {
  const match = /^([+-])?(\d\d):(\d\d)$/.exec(zone);
  if (match === null) return undefined;
  return (Number(match[2]) * 60 + Number(match[3])) * (match[1] === "-" ? -1 : 1);
}

/** RFC 3339, in the zone in which it was written. */
export function timestampText({ seconds, nanos, zone }: Timestamp): string {
  const base = new Date(Number(seconds) * 1000 + zone * 60_000).toISOString().slice(0, 19);
  const [hours, minutes] = [Math.trunc(Math.abs(zone) / 60), Math.abs(zone) % 60];
  const two = (part: number) => String(part).padStart(2, "0");
  const suffix = zone === 0 ? "Z" : `${zone < 0 ? "-" : "+"}${two(hours)}:${two(minutes)}`;
  return `${base}${nanos === 0 ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`}${suffix}`;
}

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: billion,
  m: 60n * billion,
  h: 3600n * billion,
};

/** As Go's `time.ParseDuration`. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.exec(text);
  if (match === null) return text === "0" || text === "+0" || text === "-0" ? new Duration(0n) : undefined;
  let total = 0n;
  for (const [, whole = "", fraction = "", unit = "s"] of (match[2] ?? "").matchAll(
    /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const nanos = unitNanos[unit] ?? 0n;
    total += BigInt(whole || "0") * nanos;
    if (fraction !== "") total += (BigInt(fraction) * nanos) / 10n ** BigInt(fraction.length);
  }
  const signed = match[1] === "-" ? -total : total;
  return signed > nanosMost || signed < -nanosMost - 1n ? undefined : new Duration(signed);
}

/** In seconds, as `string(duration)` has it: `90.5s`, with the digits that a double has. */
export function durationText({ nanos }: Duration): string {
  const size = Math.abs(Number(nanos / billion) + Number(nanos % billion) / 1e9);
  const text = size > 0 && size < 1e-6 ? size.toFixed(9).replace(/0+$/, "") : String(size);
  return `${nanos < 0n ? "-" : ""}${text}s`;
}

/** The same to the nanosecond, as JSON has it. */
export function exactDurationText({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = String(size % billion)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${nanos < 0n ? "-" : ""}${size / billion}${fraction === "" ? "" : `.${fraction}`}s`;
}

export interface TimeFields {
  readonly year: number;
  /** From 0. */
  readonly month: number;
  /** From 1. */
  readonly day: number;
  /** From 0. */
  readonly dayOfYear: number;
  /** From 0, Sunday. */
  readonly dayOfWeek: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly milliseconds: number;
}

/** What a calendar and a clock show at a time, in UTC unless a zone (`-08:00`, `Europe/Zurich`) is named. */
export function fieldsOf({ seconds, nanos }: Timestamp, zone: string): TimeFields {
  const shifted = new Date(Number(seconds) * 1000 + zoneShiftMs(Number(seconds) * 1000, zone));
  const year = shifted.getUTCFullYear();
  const midnight = utc(year, shifted.getUTCMonth() + 1, shifted.getUTCDate(), 0, 0, 0);
  return {
    year,
    month: shifted.getUTCMonth(),
    day: shifted.getUTCDate(),
    dayOfYear: Math.round((midnight - utc(year, 1, 1, 0, 0, 0)) / 86_400_000),
    dayOfWeek: shifted.getUTCDay(),
    hours: shifted.getUTCHours(),
    minutes: shifted.getUTCMinutes(),
    seconds: shifted.getUTCSeconds(),
    milliseconds: Math.floor(nanos / 1_000_000),
  };
}

function zoneShiftMs(ms: number, zone: string): number {
  if (zone === "" || zone === "UTC" || zone === "Local") return 0;
  if (zone.includes(":")) return clockOffset(zone) * 60_000;
  const parts = new Map(
    zoneFormat(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const at = (name: Intl.DateTimeFormatPartTypes) => Number(parts.get(name) ?? "0");
  const local = utc(at("year"), at("month"), at("day"), at("hour") % 24, at("minute"), at("second"));
  return local - ms;
}

/** `[+-]H:M`, whatever the numbers, in minutes. */
function clockOffset(zone: string): number {
  const at = zone.indexOf(":");
  const [hours, minutes] = [wholeNumber(zone.slice(0, at)), wholeNumber(zone.slice(at + 1))];
  return hours * 60 + (zone.startsWith("-") ? -minutes : minutes);
}

function wholeNumber(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw new CelError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}

const zoneFormats = new Map<string, Intl.DateTimeFormat>();
const zoneFormatsMax = 500;

function zoneFormat(zone: string): Intl.DateTimeFormat {
  const known = zoneFormats.get(zone);
  if (known !== undefined) return known;
  try {
    const made = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    if (zoneFormats.size >= zoneFormatsMax) zoneFormats.clear();
    zoneFormats.set(zone, made);
    return made;
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
}
