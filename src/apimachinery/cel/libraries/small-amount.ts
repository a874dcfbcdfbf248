/**
 * A quantity as upstream keeps those that are small enough: `value * 10^scale`. Whether one is an integer depends on
 * it, so `1.5Gi`, `1Pi` and `1.0` are none. Upstream: `int64Amount`.
 */
export interface SmallAmount {
  readonly value: bigint;
  readonly scale: number;
}

const digitsMost = 18;
const nano = -9;
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

/** Of a text that is a quantity. */
export function smallOf(text: string): SmallAmount | undefined {
  const match = /^([+-]?)0*(\d*)(?:\.(\d*))?([a-zA-Z]*)([+-]?\d*)$/.exec(text);
  if (match === null) return undefined;
  const [, sign, digits = "", fraction = "", suffix = "", power = ""] = match;
  const whole = digits === "" ? "0" : digits;
  const signed = (value: bigint) => (sign === "-" ? -value : value);
  const doublings = binary[suffix];
  if (doublings !== undefined) {
    // About a third of the doublings are digits.
    const room = 15 - whole.length - Math.floor((doublings * 3) / 10) - 1;
    if (fraction !== "" || room < 0) return undefined;
    return fitting({ value: signed(BigInt(whole) << BigInt(doublings)), scale: 0 });
  }
  const exponent = power === "" ? decimal[suffix] : Number(power);
  const scale = (exponent ?? 0) - fraction.length;
  if (exponent === undefined || whole.length + fraction.length > digitsMost || scale < nano) return undefined;
  return { value: signed(BigInt(whole + fraction)), scale };
}

/** Undefined where it has places, or is too large for 64 bits. */
export function integerOf(amount: SmallAmount | undefined): bigint | undefined {
  if (amount === undefined || amount.scale < 0 || amount.scale > 2 * digitsMost) return undefined;
  return fitting({ value: amount.value * 10n ** BigInt(amount.scale), scale: 0 })?.value;
}

export function addSmall(a: SmallAmount | undefined, b: SmallAmount | undefined): SmallAmount | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (b.value === 0n) return a;
  if (a.value === 0n) return b;
  const scale = Math.min(a.scale, b.scale);
  const apart = Math.abs(a.scale - b.scale);
  if (apart > 2 * digitsMost) return undefined;
  const [upper, lower] = a.scale >= b.scale ? [a, b] : [b, a];
  const scaled = fitting({ value: upper.value * 10n ** BigInt(apart), scale });
  return scaled === undefined ? undefined : fitting({ value: scaled.value + lower.value, scale });
}

export function negated(amount: SmallAmount | undefined): SmallAmount | undefined {
  return amount === undefined ? undefined : { value: -amount.value, scale: amount.scale };
}

function fitting(amount: SmallAmount): SmallAmount | undefined {
  return amount.value >= -(2n ** 63n) && amount.value < 2n ** 63n ? amount : undefined;
}
