import { CelError, Uint } from "./values.ts";

const int64Least = -(2n ** 63n);
const int64Most = 2n ** 63n - 1n;
const uint64Most = 2n ** 64n - 1n;

export function int64(value: bigint): bigint {
  if (value < int64Least || value > int64Most) throw new CelError("integer overflow");
  return value;
}

export function uint64(value: bigint): Uint {
  if (value < 0n || value > uint64Most) throw new CelError("unsigned integer overflow");
  return new Uint(value);
}

/** `int(double)`: towards zero, and refused at the borders where doubles are too coarse. */
export function doubleToInt(value: number): bigint {
  if (!Number.isFinite(value) || value <= -(2 ** 63) || value >= 2 ** 63) {
    throw new CelError("integer overflow");
  }
  return BigInt(Math.trunc(value));
}

export function doubleToUint(value: number): Uint {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64) {
    throw new CelError("unsigned integer overflow");
  }
  return new Uint(BigInt(Math.trunc(value)));
}

/** As Go's `strconv.FormatFloat(x, 'g', -1, 64)`. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "0", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  const digits = mantissa.replace(/[-.]/g, "").length;
  if (exponent < -4 || exponent >= Math.max(digits, 21)) return `${mantissa}e${signed(exponent)}`;
  return plainDecimal(value);
}

function signed(exponent: number): string {
  return `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** Without an exponent, whatever JavaScript would choose. */
function plainDecimal(value: number): string {
  const text = String(value);
  if (!text.includes("e")) return text;
  const [mantissa = "0", exponentText = "0"] = text.replace("-", "").split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const exponent = Number(exponentText.replace("+", "")) * (text.includes("e-") ? -1 : 1);
  const sign = value < 0 ? "-" : "";
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${whole}${fraction}`;
  return `${sign}${whole}${fraction.padEnd(exponent, "0")}`;
}
