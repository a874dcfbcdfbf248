/** Why a schedule is none that upstream's cron parser takes, in its words; undefined where it is one. */
export function cronError(schedule: string): string | undefined {
  const zone = /^(?:CRON_)?TZ=(\S*)\s*/.exec(schedule);
  const rest = (zone === null ? schedule : schedule.slice(zone[0].length)).trim();
  if (schedule === "") return "empty spec string";
  if (zone !== null && !isTimeZone(zone[1] ?? ""))
    return `provided bad location ${zone[1]}: unknown time zone ${zone[1]}`;
  if (rest.startsWith("@")) return descriptorError(rest);
  const parts = rest.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== fields.length) {
    return `expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(" ")}]`;
  }
  for (const [index, field] of fields.entries()) {
    const error = fieldError(parts[index] ?? "", field);
    if (error !== undefined) return error;
  }
  return undefined;
}

export function isTimeZone(name: string): boolean {
  if (name === "UTC") return true;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const descriptors = new Set(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]);

function descriptorError(text: string): string | undefined {
  if (descriptors.has(text)) return undefined;
  if (!text.startsWith("@every ")) return `unrecognized descriptor: ${text}`;
  const duration = text.slice("@every ".length);
  if (/^[-+]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$/.test(duration)) return undefined;
  return `failed to parse duration ${text}: time: invalid duration "${duration}"`;
}

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const months = ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const fields: readonly Field[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];

function fieldError(text: string, field: Field): string | undefined {
  for (const range of text.split(",").filter((part) => part !== "")) {
    const error = rangeError(range, field);
    if (error !== undefined) return error;
  }
  return undefined;
}

function rangeError(text: string, field: Field): string | undefined {
  const [base = "", step, ...moreSteps] = text.split("/");
  const [low = "", high, ...moreBounds] = base.split("-");
  const star = low === "*" || low === "?";
  const start = star ? field.min : numberOf(low, field.names);
  if (typeof start === "string") return start;
  if (!star && moreBounds.length > 0) return `too many hyphens: ${text}`;
  let end = star ? field.max : high === undefined ? start : numberOf(high, field.names);
  if (typeof end === "string") return end;
  if (moreSteps.length > 0) return `too many slashes: ${text}`;
  const size = step === undefined ? 1 : numberOf(step, []);
  if (typeof size === "string") return size;
  if (step !== undefined && !star && high === undefined) end = field.max;
  if (start < field.min) return `beginning of range (${start}) below minimum (${field.min}): ${text}`;
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${text}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`;
  return size === 0 ? `step of range should be a positive number: ${text}` : undefined;
}

/** The number, or why it is none. */
function numberOf(text: string, names: readonly string[]): number | string {
  const named = text === "" ? -1 : names.indexOf(text.toLowerCase());
  if (named >= 0) return named;
  if (!/^[-+]?[0-9]+$/.test(text))
    return `failed to parse int from ${text}: strconv.Atoi: parsing "${text}": invalid syntax`;
  const value = Number(text);
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value;
}
