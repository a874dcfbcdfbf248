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

const longest = 16;
const longDigits = /[0-9]{16}/g;
const integer = /^-?[0-9]+$/;
const limit = 2n ** 63n;

/** `JSON.parse`, with the integers of 64 bits that numbers cannot hold as bigints. */
export function parseJson(text: string): unknown {
  return hasLongInteger(text) ? parseExactly(text) : JSON.parse(text);
}

/** Whether a number may be too large. A string that looks so does no harm; digests and the like hardly ever do. */
function hasLongInteger(text: string): boolean {
  longDigits.lastIndex = 0;
  while (longDigits.test(text)) if (isNumberAt(text, longDigits.lastIndex - longest)) return true;
  return false;
}

/** Numbers stand first, in a list, or after a key's quote and colon. */
function isNumberAt(text: string, start: number): boolean {
  let at = beforeSpace(text, text[start - 1] === "-" ? start - 2 : start - 1);
  if (text[at] === ":") at = beforeSpace(text, at - 1);
  else return at < 0 || text[at] === "," || text[at] === "[";
  return text[at] === '"';
}

function beforeSpace(text: string, from: number): number {
  let at = from;
  while (at >= 0 && text.charCodeAt(at) <= 0x20) at--;
  return at;
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
