/** One line: what was measured, the figure, and the target beside it. */
export function printFigure(what: string, figure: string, target = ""): void {
  process.stdout.write(`${what.padEnd(52)} ${figure.padStart(12)}${target === "" ? "" : `   target ${target}`}\n`);
}

/** The value below which the given part of the values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
