/**
 * Integers of 64 bits that JavaScript's numbers cannot hold exactly are bigints in objects; all others stay numbers, so
 * that nobody pays for what hardly ever comes. JSON is read and written with every digit.
 */
declare global {
  interface BigInt {
    toJSON(): unknown;
  }
}

interface ExactJson {
  rawJSON(text: string): unknown;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}

const exactJson = JSON as unknown as ExactJson;

Object.defineProperty(BigInt.prototype, "toJSON", {
  value(this: bigint): unknown {
    return exactJson.rawJSON(this.toString());
  },
  configurable: true,
  writable: true,
});

/** So many digits that a number may be too large; also within strings, which does no harm. */
const longDigits = /[0-9]{16}/;
const integer = /^-?[0-9]+$/;
const limit = 2n ** 63n;

/** `JSON.parse`, with the integers of 64 bits that numbers cannot hold as bigints. */
export function parseJson(text: string): unknown {
  return longDigits.test(text) ? parseExactly(text) : JSON.parse(text);
}

/** The same where long numbers are expected. */
export function parseExactly(text: string): unknown {
  return exactJson.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && integer.test(source) ? exactInteger(source) : value,
  );
}

/** Of decimal digits. Larger than 64 bits, upstream too goes over to floating point. */
export function exactInteger(digits: string): number | bigint {
  const value = Number(digits);
  if (Number.isSafeInteger(value)) return value;
  const exact = BigInt(digits);
  return exact >= -limit && exact < limit ? exact : value;
}

/** An integer of 64 bits as objects hold it. */
export function int64Of(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
