const binary: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const decimal: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
};

function parse(quantity: string | number): number {
  if (typeof quantity === "number") return quantity;
  const match = /^([+-]?[0-9.]+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?[0-9]+))?$/.exec(quantity.trim());
  if (match === null) return 0;
  const [, digits = "0", binarySuffix, decimalSuffix, exponent] = match;
  const factor =
    exponent !== undefined ? 10 ** Number(exponent) : (binary[binarySuffix ?? ""] ?? decimal[decimalSuffix ?? ""] ?? 1);
  return Number(digits) * factor;
}

/** The amount in whole units, rounded up (`Quantity.Value`). Exact up to 2^53. */
export function quantityValue(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : Math.ceil(round(parse(quantity)));
}

/** The amount in thousandths, rounded up (`Quantity.MilliValue`). */
export function quantityMilli(quantity: string | number | undefined): number {
  return quantity === undefined ? 0 : Math.ceil(round(parse(quantity) * 1000));
}

/** Takes away the dust of binary fractions, so that 0.1 * 1000 does not become 101. */
function round(value: number): number {
  return Number(value.toPrecision(15));
}
