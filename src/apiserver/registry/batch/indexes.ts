import { quote } from "../../../apimachinery/index.ts";

export type Interval = readonly [first: number, last: number];

/** An interval of indexes, or why it is none. */
function parseInterval(text: string, completions: number): Interval | string {
  const limits = text.split("-");
  if (limits.length > 2) {
    const rule = "violates the requirement that an index interval can have at most two parts separated by '-'";
    return `the fragment ${quote(text)} ${rule}`;
  }
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^[+-]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${quote(limit)}`;
    if (Number(limit) >= completions) return `too large index: ${quote(limit)}`;
    numbers.push(Number(limit));
  }
  const [first = 0, last = first] = numbers;
  if (numbers.length === 2 && first >= last) {
    return `non-increasing order, previous: ${first}, current: ${last}`;
  }
  return [first, last];
}

/** `0,2-4` for a job of so many completions, or why it is wrong. */
export function parseIndexes(text: string, completions: number): readonly Interval[] | string {
  const intervals: Interval[] = [];
  for (const part of text === "" ? [] : text.split(",")) {
    const interval = parseInterval(part, completions);
    if (typeof interval === "string") return interval;
    const previous = intervals.at(-1)?.[1];
    if (previous !== undefined && previous >= interval[0]) {
      return `non-increasing order, previous: ${previous}, current: ${interval[0]}`;
    }
    intervals.push(interval);
  }
  return intervals;
}

/** The intervals that are well formed. */
export function intervalsOf(text: string, completions: number): readonly Interval[] {
  const parts = text === "" ? [] : text.split(",");
  return parts.map((part) => parseInterval(part, completions)).filter((one) => typeof one !== "string");
}

export function countIndexes(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The first index that is in both. */
export function overlap(a: readonly Interval[], b: readonly Interval[]): number | undefined {
  let [i, j] = [0, 0];
  while (true) {
    const [one, other] = [a[i], b[j]];
    if (one === undefined || other === undefined) return undefined;
    if (one[0] <= other[1] && other[0] <= one[1]) return Math.max(one[0], other[0]);
    if (one[0] <= other[0]) i += 1;
    else j += 1;
  }
}
