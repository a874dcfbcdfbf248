export interface LocalTime {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

const formats = new Map<string, Intl.DateTimeFormat | undefined>();

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (formats.has(zone)) return formats.get(zone);
  const format = tryFormat(zone);
  // There are only so many zones; names that are none are not kept.
  if (format !== undefined) formats.set(zone, format);
  return format;
}

function tryFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  const fields = {
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  } as const;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone, hourCycle: "h23", era: "short", ...fields });
  } catch {
    return undefined;
  }
}

/** How far the zone is ahead of UTC at a time; `undefined` for a zone that does not exist. */
export function zoneOffsetMs(zone: string, timeMs: number): number | undefined {
  if (zone === "UTC" || zone === "Etc/UTC") return 0;
  const parts = formatOf(zone)?.formatToParts(timeMs);
  if (parts === undefined) return undefined;
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const local = Date.UTC(
    value("year"),
    value("month") - 1,
    value("day"),
    value("hour"),
    value("minute"),
    value("second"),
  );
  return local - Math.floor(timeMs / 1000) * 1000;
}

export function localTimeOf(zone: string, timeMs: number): LocalTime {
  const local = new Date(timeMs + (zoneOffsetMs(zone, timeMs) ?? 0));
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    weekday: local.getUTCDay(),
  };
}

/** The time at which clocks in the zone show this; the first, if they show it twice, the moment of change if never. */
export function utcOf(zone: string, { year, month, day, hour, minute }: LocalTime): number {
  const local = Date.UTC(year, month - 1, day, hour, minute);
  const first = local - (zoneOffsetMs(zone, local - 86_400_000) ?? 0);
  const second = local - (zoneOffsetMs(zone, first) ?? 0);
  return (
    Math.min(first, second) +
    (zoneOffsetMs(zone, Math.min(first, second)) === local - Math.min(first, second) ? 0 : Math.abs(first - second))
  );
}

/** RFC 3339 with the zone's offset, as Go writes a time in a location. */
export function formatInZone(zone: string, timeMs: number): string {
  const offset = zoneOffsetMs(zone, timeMs) ?? 0;
  const text = new Date(timeMs + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${text}Z`;
  const minutes = Math.abs(offset) / 60_000;
  const pad = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${text}${offset < 0 ? "-" : "+"}${pad(minutes / 60)}:${pad(minutes % 60)}`;
}
