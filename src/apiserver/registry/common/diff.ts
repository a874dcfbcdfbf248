const context = 3;

/** A unified diff of two objects as indented JSON, for messages about what must not change, in the form that `shown` gives them. */
export function jsonDiff(old: unknown, now: unknown, shown: (value: unknown) => unknown): string {
  const lines = (value: unknown): string[] => JSON.stringify(shown(value), undefined, 1).split("\n");
  return linesDiff(lines(old), lines(now));
}

interface Step {
  readonly sign: " " | "-" | "+";
  readonly line: string;
}

/** Lines of a unified diff, with three lines around what differs. */
export function linesDiff(before: readonly string[], after: readonly string[]): string {
  const steps = stepsOf(before, after);
  const near = steps.map((_, index) =>
    steps.slice(Math.max(0, index - context), index + context + 1).some(({ sign }) => sign !== " "),
  );
  const text: string[] = [];
  let [line, other, from] = [0, 0, 0];
  while (from < steps.length) {
    let to = from;
    while (to < steps.length && near[to] === near[from]) to++;
    const part = steps.slice(from, to);
    const [removed, added] = (["+", "-"] as const).map((sign) => part.filter((step) => step.sign !== sign).length);
    if (near[from] === true) {
      text.push(`@@ -${line + 1},${removed} +${other + 1},${added} @@`, ...part.map((step) => step.sign + step.line));
    }
    line += removed ?? 0;
    other += added ?? 0;
    from = to;
  }
  return text.length === 0 ? "" : `${text.join("\n")}\n`;
}

/** What is the same at both ends is passed over; between, as many lines stay as can. */
function stepsOf(before: readonly string[], after: readonly string[]): readonly Step[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  const kept = (line: string): Step => ({ sign: " ", line });
  return [
    ...before.slice(0, start).map(kept),
    ...changes(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(kept),
  ];
}

/** Beyond so many pairs of lines all are taken to differ. */
const pairsMax = 4_000_000;

function changes(before: readonly string[], after: readonly string[]): readonly Step[] {
  const [rows, columns] = [before.length, after.length];
  const steps: Step[] = [];
  let [row, column] = [0, 0];
  if (rows * columns <= pairsMax) {
    const common = commonLengths(before, after);
    const at = (r: number, c: number): number => common[r * (columns + 1) + c] ?? 0;
    while (row < rows && column < columns) {
      if (before[row] === after[column]) {
        steps.push({ sign: " ", line: before[row] ?? "" });
        row++;
        column++;
      } else if (at(row + 1, column) >= at(row, column + 1)) steps.push({ sign: "-", line: before[row++] ?? "" });
      else steps.push({ sign: "+", line: after[column++] ?? "" });
    }
  }
  for (; row < rows; row++) steps.push({ sign: "-", line: before[row] ?? "" });
  for (; column < columns; column++) steps.push({ sign: "+", line: after[column] ?? "" });
  return steps;
}

/** How many lines the rests have in common, by where the rests begin. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? (lengths[(row + 1) * width + column + 1] ?? 0) + 1
          : Math.max(lengths[(row + 1) * width + column] ?? 0, lengths[row * width + column + 1] ?? 0);
    }
  }
  return lengths;
}
