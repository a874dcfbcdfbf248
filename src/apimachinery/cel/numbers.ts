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

/** Where Go's `%g` starts to write exponents, however many digits there are. */
const exponentFrom = 6;

/** As Go's `strconv.FormatFloat(x, 'g', -1, 64)`. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "0", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= exponentFrom) return `${mantissa}e${signed(exponent)}`;
  return String(value);
}

function signed(exponent: number): string {
  return `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** All digits that a double has, rounded half to even to so many places. */
export function exactDecimal(value: number, places: number): string {
  if (places > placesMost) return `${exactDecimal(value, placesMost)}${"0".repeat(places - placesMost)}`;
  const [numerator, shift] = fractionOf(Math.abs(value));
  const scale = 10n ** BigInt(places);
  let quotient = (numerator * scale) >> shift;
  const rest = numerator * scale - (quotient << shift);
  const half = shift === 0n ? 1n : 1n << (shift - 1n);
  if (shift > 0n && (rest > half || (rest === half && quotient % 2n === 1n))) quotient += 1n;
  const digits = String(quotient).padStart(places + 1, "0");
  const sign = value < 0 ? "-" : "";
  if (places === 0) return `${sign}${digits}`;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** No double has more. */
const placesMost = 1074;

/** A double as numerator / 2^shift. */
function fractionOf(value: number): readonly [bigint, bigint] {
  let shift = 0n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift += 1n;
  }
  return [BigInt(scaled), shift];
}
