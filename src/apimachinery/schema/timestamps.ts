import { refuse } from "./misfit.ts";

const seconds = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})((?:[.,]\d+)?)(Z|[-+]\d{2}:\d{2})$/;
const monthDays: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * True for most times there are: in UTC, and on no day after the 28th, for which the calendar has to be asked. What
 * stands between the seconds and the end is not looked at.
 */
function isPlainTime(value: string, length: 20 | 27): boolean {
  return (
    value.length === length &&
    value.charCodeAt(4) === dash &&
    value.charCodeAt(7) === dash &&
    value.charCodeAt(10) === letterT &&
    value.charCodeAt(13) === colon &&
    value.charCodeAt(16) === colon &&
    value.charCodeAt(length - 1) === letterZ &&
    digits(value, 0) <= 99 &&
    digits(value, 2) <= 99 &&
    isWithin(digits(value, 5), 1, 12) &&
    isWithin(digits(value, 8), 1, 28) &&
    digits(value, 11) <= 23 &&
    digits(value, 14) <= 59 &&
    digits(value, 17) <= 59
  );
}

function isPlainFraction(value: string): boolean {
  const isPoint = value.charCodeAt(19) === point;
  return isPoint && digits(value, 20) <= 99 && digits(value, 22) <= 99 && digits(value, 24) <= 99;
}

const [dash, point, letterT, letterZ, colon, zero] = [0x2d, 0x2e, 0x54, 0x5a, 0x3a, 0x30];

/** The number that two digits make, or 100 for anything else. */
function digits(value: string, at: number): number {
  const tens = value.charCodeAt(at) - zero;
  const units = value.charCodeAt(at + 1) - zero;
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? tens * 10 + units : 100;
}

function isWithin(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

/** `metav1.Time` as it is written again: UTC, whole seconds. Refuses what is no RFC 3339 time. */
export function canonicalTime(value: unknown): string {
  if (typeof value !== "string") refuse();
  if (isPlainTime(value, 20)) return value;
  const parts = timeParts(value);
  if (parts === undefined) refuse();
  if (parts.offsetMinutes === 0 && value.length === 20) return value;
  return `${shifted(value, parts.offsetMinutes)}Z`;
}

/** `metav1.MicroTime`: six digits after the second, in and out. */
export function canonicalMicroTime(value: unknown): string {
  if (typeof value !== "string") refuse();
  if (isPlainTime(value, 27) && isPlainFraction(value)) return value;
  const parts = timeParts(value);
  if (parts === undefined || parts.fraction.length !== 7 || parts.fraction[0] !== ".") refuse();
  if (parts.offsetMinutes === 0) return value.length === 27 ? value : `${value.slice(0, 26)}Z`;
  return `${shifted(value, parts.offsetMinutes)}${parts.fraction}Z`;
}

interface TimeParts {
  readonly fraction: string;
  readonly offsetMinutes: number;
}

function timeParts(value: string): TimeParts | undefined {
  const match = seconds.exec(value);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = "Z"] = match;
  const [y, mo, d] = [Number(year), Number(month), Number(day)];
  if (mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (zone === "Z") return { fraction, offsetMinutes: 0 };
  const [zoneHours, zoneMinutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))];
  if (zoneHours > 24 || zoneMinutes > 60) return undefined;
  const minutes = zoneHours * 60 + zoneMinutes;
  return { fraction, offsetMinutes: zone.startsWith("-") ? -minutes : minutes };
}

function daysIn(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0);
}

/** The first 19 characters of the same moment in UTC. */
function shifted(value: string, offsetMinutes: number): string {
  const ms = Date.parse(`${value.slice(0, 19)}Z`) - offsetMinutes * 60_000;
  return new Date(ms).toISOString().slice(0, 19);
}
