/** `intstr.IntOrString`: a number, or a text such as `25%`. */
export type IntOrString = number | string;

/** The percentage in `25%`, or undefined where the text is no percentage. */
export function percentOf(value: IntOrString): number | undefined {
  if (typeof value === "number") return undefined;
  const match = /^([-+]?[0-9]+)%$/.exec(value);
  return match === null ? undefined : Number(match[1]);
}

/**
 * The number meant by a value that may be a percentage of `total`. Undefined for a text that is no percentage.
 * `GetScaledValueFromIntOrPercent` upstream.
 */
export function scaledValue(value: IntOrString, total: number, round: "up" | "down"): number | undefined {
  if (typeof value === "number") return value;
  const percent = percentOf(value);
  if (percent === undefined) return undefined;
  const exact = (percent * total) / 100;
  return round === "up" ? Math.ceil(exact) : Math.floor(exact);
}
