import { type LocalTime, localTimeOf, utcOf, zoneOffsetMs } from "./time-zone.ts";

/** When something is due. Times are milliseconds since the epoch. */
export interface Schedule {
  /** The first time after `afterMs`; `undefined` when there is none within five years. */
  next(afterMs: number): number | undefined;
}

/** A schedule that cannot be read; the message says what is wrong with it. */
export class ScheduleError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ScheduleError";
  }
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const bounds = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  dayOfMonth: { min: 1, max: 31 },
  month: {
    min: 1,
    max: 12,
    names: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  dayOfWeek: { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
} as const satisfies Readonly<Record<string, Bounds>>;

const descriptors: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Reads the five-field form, the descriptors, and `@every <duration>`; a leading `TZ=` or `CRON_TZ=` names the zone. */
export function parseSchedule(text: string, timeZone?: string): Schedule {
  const zoned = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(text.trim());
  const zone = zoned?.[1] ?? timeZone ?? "UTC";
  const spec = (zoned?.[2] ?? text).trim();
  if (zoneOffsetMs(zone, 0) === undefined)
    throw new ScheduleError(`provided bad location ${zone}: unknown time zone ${zone}`);
  if (spec === "") throw new ScheduleError("empty spec string");
  if (spec.startsWith("@every ")) return everySchedule(spec.slice("@every ".length));
  if (spec.startsWith("@")) {
    const meaning = descriptors[spec];
    if (meaning === undefined) throw new ScheduleError(`unrecognized descriptor: ${spec}`);
    return new FieldSchedule(meaning.split(" "), zone);
  }
  const fields = spec.split(/\s+/);
  if (fields.length !== 5)
    throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`);
  return new FieldSchedule(fields, zone);
}

const units: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000001,
};

function everySchedule(text: string): Schedule {
  const parts = [...text.matchAll(/([0-9]*\.?[0-9]+)(h|ms|m|s|us|µs|ns)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
    throw new ScheduleError(`failed to parse duration @every ${text}`);
  const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0), 0);
  const delayMs = Math.max(1000, Math.floor(total / 1000) * 1000);
  return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + delayMs };
}

interface Field {
  readonly values: ReadonlySet<number>;
  /** Written as `*` or `?`. */
  readonly any: boolean;
}

function parseField(text: string, limits: Bounds): Field {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(",")) {
    const [range = "", stepText, more] = part.split("/");
    if (more !== undefined) throw new ScheduleError(`too many slashes: ${part}`);
    const [low = "", high, extra] = range.split("-");
    if (extra !== undefined) throw new ScheduleError(`too many hyphens: ${part}`);
    const star = low === "*" || low === "?";
    const start = star ? limits.min : parseValue(low, limits);
    // A single value with a step runs to the end.
    const end = star
      ? limits.max
      : high !== undefined
        ? parseValue(high, limits)
        : stepText !== undefined
          ? limits.max
          : start;
    const step = stepText === undefined ? 1 : parseNumber(stepText);
    if (start < limits.min)
      throw new ScheduleError(`beginning of range (${start}) below minimum (${limits.min}): ${part}`);
    if (end > limits.max) throw new ScheduleError(`end of range (${end}) above maximum (${limits.max}): ${part}`);
    if (start > end) throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${part}`);
    if (step === 0) throw new ScheduleError(`step of range should be a positive number: ${part}`);
    if (star && step === 1) any = true;
    for (let value = start; value <= end; value += step) values.add(value);
  }
  return { values, any };
}

function parseValue(text: string, { names }: Bounds): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  return named >= 0 && text !== "" ? named : parseNumber(text);
}

function parseNumber(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw new ScheduleError(`failed to parse int from ${text}`);
  return Number(text);
}

const yearsMax = 5;
const minuteMs = 60_000;

/** Every whole minute whose local time fits: one that a clock change skips never comes, one that it repeats comes twice. */
class FieldSchedule implements Schedule {
  readonly #zone: string;
  readonly #minute: Field;
  readonly #hour: Field;
  readonly #dayOfMonth: Field;
  readonly #month: Field;
  readonly #dayOfWeek: Field;

  constructor(fields: readonly string[], zone: string) {
    const [minute = "", hour = "", dayOfMonth = "", month = "", dayOfWeek = ""] = fields;
    this.#zone = zone;
    this.#minute = parseField(minute, bounds.minute);
    this.#hour = parseField(hour, bounds.hour);
    this.#dayOfMonth = parseField(dayOfMonth, bounds.dayOfMonth);
    this.#month = parseField(month, bounds.month);
    this.#dayOfWeek = parseField(dayOfWeek, bounds.dayOfWeek);
  }

  next(afterMs: number): number | undefined {
    let timeMs = (Math.floor(afterMs / minuteMs) + 1) * minuteMs;
    const lastYear = localTimeOf(this.#zone, timeMs).year + yearsMax;
    for (;;) {
      const local = localTimeOf(this.#zone, timeMs);
      if (local.year > lastYear) return undefined;
      if (!this.#month.values.has(local.month))
        timeMs = this.#jump(timeMs, { ...local, month: local.month + 1, day: 1, hour: 0, minute: 0 });
      else if (!this.#fitsDay(local)) timeMs = this.#jump(timeMs, { ...local, day: local.day + 1, hour: 0, minute: 0 });
      else if (!this.#hour.values.has(local.hour)) timeMs += (60 - local.minute) * minuteMs;
      else if (!this.#minute.values.has(local.minute)) timeMs += minuteMs;
      else return timeMs;
    }
  }

  /** Both day fields given: either will do. */
  #fitsDay({ day, weekday }: LocalTime): boolean {
    const byMonth = this.#dayOfMonth.values.has(day);
    const byWeek = this.#dayOfWeek.values.has(weekday);
    return this.#dayOfMonth.any || this.#dayOfWeek.any ? byMonth && byWeek : byMonth || byWeek;
  }

  /** To a local time; always forward, whatever clocks do. */
  #jump(fromMs: number, local: LocalTime): number {
    return Math.max(utcOf(this.#zone, local), fromMs + minuteMs);
  }
}
