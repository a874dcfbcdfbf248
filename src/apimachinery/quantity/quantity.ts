import { type Amount, divideRoundingUp, parseAmount } from "./parse.ts";
import { binarySuffix, decimalSuffix, type QuantityFormat } from "./suffix.ts";

const powers: readonly bigint[] = Array.from({ length: 64 }, (_, exponent) => 10n ** BigInt(exponent));

function power(exponent: number): bigint {
  return powers[exponent] ?? 10n ** BigInt(exponent);
}

/**
 * `resource.Quantity`: an exact decimal that remembers how it was written. Immutable. Arithmetic never rounds;
 * reading as an integer rounds away from zero, as upstream does.
 */
export class Quantity {
  readonly #mantissa: bigint;
  readonly #scale: number;
  readonly format: QuantityFormat;
  #text: string | undefined;

  private constructor(amount: Amount) {
    this.#mantissa = amount.mantissa;
    this.#scale = amount.scale;
    this.format = amount.format;
    this.#text = amount.text;
  }

  static readonly zero: Quantity = new Quantity({ mantissa: 0n, scale: 0, format: "DecimalSI", text: "0" });

  /** Throws `QuantityError`. */
  static parse(text: string): Quantity {
    return new Quantity(parseAmount(text));
  }

  static fromValue(value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity({ mantissa: BigInt(value), scale: 0, format });
  }

  /** `value` in thousandths. */
  static fromMilliValue(value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity({ mantissa: BigInt(value), scale: -3, format });
  }

  get sign(): -1 | 0 | 1 {
    return this.#mantissa === 0n ? 0 : this.#mantissa < 0n ? -1 : 1;
  }

  get isZero(): boolean {
    return this.#mantissa === 0n;
  }

  /** The least integer that holds it. Exact up to 2^53. */
  value(): number {
    return Number(this.scaled(0));
  }

  /** Thousandths, rounded up. Exact up to 2^53. */
  milliValue(): number {
    return Number(this.scaled(-3));
  }

  /** In units of `10^scale`, rounded away from zero. */
  scaled(scale: number): bigint {
    const shift = this.#scale - scale;
    return shift >= 0 ? this.#mantissa * power(shift) : divideRoundingUp(this.#mantissa, -shift);
  }

  /** Rounded away from zero to units of `10^scale`; itself where nothing is lost. */
  roundUp(scale: number): Quantity {
    if (this.#scale >= scale) return this;
    return new Quantity({ mantissa: this.scaled(scale), scale, format: this.format });
  }

  /** True when it is a whole number of units of `10^scale`. */
  isWhole(scale = 0): boolean {
    return this.#scale >= scale || this.#mantissa % power(scale - this.#scale) === 0n;
  }

  compare(other: Quantity): -1 | 0 | 1 {
    const [a, b] = this.#aligned(other);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /** Zero takes the other's format. */
  add(other: Quantity): Quantity {
    const [a, b, scale] = this.#aligned(other);
    return new Quantity({ mantissa: a + b, scale, format: this.isZero ? other.format : this.format });
  }

  subtract(other: Quantity): Quantity {
    const [a, b, scale] = this.#aligned(other);
    return new Quantity({ mantissa: a - b, scale, format: this.isZero ? other.format : this.format });
  }

  multiply(factor: number | bigint): Quantity {
    return new Quantity({ mantissa: this.#mantissa * BigInt(factor), scale: this.#scale, format: this.format });
  }

  negate(): Quantity {
    return new Quantity({ mantissa: -this.#mantissa, scale: this.#scale, format: this.format });
  }

  /** May lose precision. */
  toNumber(): number {
    return Number(this.#mantissa) * 10 ** this.#scale;
  }

  /** Canonical form. */
  toString(): string {
    this.#text ??= this.#canonical();
    return this.#text;
  }

  toJSON(): string {
    return this.toString();
  }

  #aligned(other: Quantity): [bigint, bigint, number] {
    if (this.#scale === other.#scale) return [this.#mantissa, other.#mantissa, this.#scale];
    const scale = Math.min(this.#scale, other.#scale);
    return [this.#mantissa * power(this.#scale - scale), other.#mantissa * power(other.#scale - scale), scale];
  }

  #canonical(): string {
    if (this.isZero) return "0";
    if (this.format === "BinarySI" && this.isWhole()) {
      const whole = this.scaled(0);
      if (whole <= -1024n || whole >= 1024n) return binaryText(whole);
    }
    return this.#decimalText(this.format === "DecimalExponent" ? "DecimalExponent" : "DecimalSI");
  }

  #decimalText(format: QuantityFormat): string {
    let [mantissa, scale] = [this.#mantissa, this.#scale];
    while (mantissa % 10n === 0n) {
      mantissa /= 10n;
      scale++;
    }
    const excess = ((scale % 3) + 3) % 3;
    return `${mantissa * power(excess)}${decimalSuffix(scale - excess, format)}`;
  }
}

function binaryText(whole: bigint): string {
  let [mantissa, exponent] = [whole, 0];
  while (mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    exponent += 10;
  }
  return `${mantissa}${binarySuffix(exponent)}`;
}
