/** How a quantity was written, and is written again. */
export type QuantityFormat = "BinarySI" | "DecimalSI" | "DecimalExponent";

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binary: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 };

const byText = new Map<string, Suffix>();
const decimalByExponent = new Map<number, string>();
const binaryByExponent = new Map<number, string>([[0, ""]]);
for (const [text, exponent] of Object.entries(decimal)) {
  byText.set(text, { base: 10, exponent, format: "DecimalSI" });
  decimalByExponent.set(exponent, text);
}
for (const [text, exponent] of Object.entries(binary)) {
  byText.set(text, { base: 2, exponent, format: "BinarySI" });
  binaryByExponent.set(exponent, text);
}

/** `undefined` where upstream cannot parse the suffix. */
export function interpretSuffix(text: string): Suffix | undefined {
  const known = byText.get(text);
  if (known !== undefined) return known;
  if (!/^[eE][-+]?[0-9]+$/.test(text)) return undefined;
  return { base: 10, exponent: Number.parseInt(text.slice(1), 10), format: "DecimalExponent" };
}

/** Upstream writes nothing for an exponent that has no suffix. */
export function decimalSuffix(exponent: number, format: QuantityFormat): string {
  if (format === "DecimalExponent") return exponent === 0 ? "" : `e${exponent}`;
  return decimalByExponent.get(exponent) ?? "";
}

export function binarySuffix(exponent: number): string {
  return binaryByExponent.get(exponent) ?? "";
}
