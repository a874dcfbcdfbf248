import { interpretSuffix, type QuantityFormat } from "./suffix.ts";

/** Why a text is no quantity; the messages are upstream's. */
export class QuantityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "QuantityError";
  }
}

const formatError = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const numericError = "unable to parse numeric part of quantity";
const suffixError = "unable to parse quantity's suffix";

/** `mantissa × 10^scale`. */
export interface Amount {
  readonly mantissa: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
  /** The text itself, where it is already canonical as far as upstream checks. */
  readonly text?: string;
}

const shape = /^([+-]?)([0-9]*)(\.?)([0-9]*)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const leastScale = -9;
const maxInt64 = 9223372036854775807n;
const maxInt64Digits = 18;
/** Bounds the work one text can cause; nothing real comes near. */
const maxTextLength = 1000;
const maxExponent = 1000;

/** Throws `QuantityError`. Values below 1n are rounded away from zero; binary values are capped at 2^63-1. */
export function parseAmount(text: string): Amount {
  const match = text.length > maxTextLength ? null : shape.exec(text);
  if (text === "" || match === null) throw new QuantityError(formatError);
  const [, sign = "", digits = "", point = "", fraction = "", suffixText = ""] = match;
  if (digits === "" && point === "" && suffixText === "" && sign === "") throw new QuantityError(formatError);
  const suffix = interpretSuffix(suffixText);
  if (suffix === undefined || suffix.exponent > maxExponent) throw new QuantityError(suffixError);
  const whole = digits.replace(/^0+/, "");
  const negative = sign === "-";
  const fast = parseSmall(
    text,
    whole === "" ? "0" : whole,
    fraction,
    suffix.base,
    suffix.exponent,
    suffix.format,
    negative,
  );
  if (fast !== undefined) return fast;
  if (digits === "" && fraction === "") throw new QuantityError(numericError);
  return parseLarge(digits + fraction, fraction.length, suffix.base, suffix.exponent, suffix.format, negative);
}

function parseSmall(
  text: string,
  whole: string,
  fraction: string,
  base: 2 | 10,
  exponent: number,
  format: QuantityFormat,
  negative: boolean,
): Amount | undefined {
  const room =
    base === 10
      ? maxInt64Digits - whole.length - fraction.length
      : fraction === ""
        ? 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1
        : -1;
  const scale = (base === 10 ? exponent : 0) - fraction.length;
  if (room < 0 || scale < leastScale) return undefined;
  const shifted = whole + fraction;
  const value = BigInt(shifted);
  const scaled = base === 2 ? value << BigInt(exponent) : value;
  const canonical =
    base === 2
      ? exponent % 10 === 0 && (value & 7n) !== 0n
      : scale % 3 === 0 && !shifted.endsWith("000") && !shifted.startsWith("0");
  const amount = { mantissa: negative ? -scaled : scaled, scale, format };
  return canonical ? { ...amount, text } : amount;
}

function parseLarge(
  digits: string,
  fractionDigits: number,
  base: 2 | 10,
  exponent: number,
  format: QuantityFormat,
  negative: boolean,
): Amount {
  let mantissa = BigInt(digits);
  let scale = -fractionDigits;
  if (base === 10) scale += exponent;
  else mantissa <<= BigInt(exponent);
  if (scale < leastScale) {
    mantissa = divideRoundingUp(mantissa, leastScale - scale);
    scale = leastScale;
  }
  let shown = format;
  if (format === "BinarySI") {
    const unit = 10n ** BigInt(Math.max(0, -scale));
    if (mantissa > maxInt64 * unit) [mantissa, scale] = [maxInt64, 0];
    else if (mantissa > 0n && mantissa < unit) shown = "DecimalSI";
  }
  return { mantissa: negative ? -mantissa : mantissa, scale, format: shown };
}

/** `value / 10^places`, away from zero. Bounded: a value too small to show becomes 1. */
export function divideRoundingUp(value: bigint, places: number): bigint {
  if (value === 0n || places <= 0) return value;
  if (places > 1000) return value < 0n ? -1n : 1n;
  const divisor = 10n ** BigInt(places);
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}
