import { InvalidRequestError } from "./errors.ts";

const SURROGATES_START = 0xd800;
const SURROGATES_END = 0xe000;
const SURROGATE_OR_ABOVE = /[\ud800-\uffff]/;

/** Whether UTF-16 order (JavaScript's `<`) and UTF-8 byte order may differ for this key. */
export function hasWideUnits(key: string): boolean {
  return SURROGATE_OR_ABOVE.test(key);
}

/** Code points above U+FFFF are surrogates in UTF-16 and must sort after U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < SURROGATES_START) return unit;
  return unit >= SURROGATES_END ? unit - 0x800 : unit + 0x2000;
}

/** The order of the keys' UTF-8 bytes, found without encoding them. */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Longest key in UTF-16 units; Kubernetes' own keys stay below 1,000. */
export const KEY_LENGTH_MAX = 4096;

export function checkKey(key: string): void {
  if (key.length === 0) throw new InvalidRequestError("key is empty");
  if (key.length > KEY_LENGTH_MAX) throw new InvalidRequestError(`key is longer than ${KEY_LENGTH_MAX}`);
  if (key.includes("\0") || !key.isWellFormed()) throw new InvalidRequestError("key is not valid text");
}
