const context = 3;

/** A unified diff of two objects as indented JSON, for messages about what must not change. One hunk is enough there. */
export function jsonDiff(old: unknown, now: unknown): string {
  return linesDiff(lines(old), lines(now));
}

export function linesDiff(before: readonly string[], after: readonly string[]): string {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let [endBefore, endAfter] = [before.length, after.length];
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--;
    endAfter--;
  }
  if (start === endBefore && start === endAfter) return "";
  const from = Math.max(0, start - context);
  const [toBefore, toAfter] = [
    Math.min(before.length, endBefore + context),
    Math.min(after.length, endAfter + context),
  ];
  const head = `@@ -${from + 1},${toBefore - from} +${from + 1},${toAfter - from} @@`;
  const body = [
    ...before.slice(from, start).map((line) => ` ${line}`),
    ...before.slice(start, endBefore).map((line) => `-${line}`),
    ...after.slice(start, endAfter).map((line) => `+${line}`),
    ...before.slice(endBefore, toBefore).map((line) => ` ${line}`),
  ];
  return `${[head, ...body].join("\n")}\n`;
}

/** One value or bracket a line, keys sorted: the order in which they came says nothing. */
function lines(value: unknown): string[] {
  const sorted = (_key: string, child: unknown): unknown =>
    typeof child === "object" && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : child;
  return JSON.stringify(value, sorted, 1).split("\n");
}
