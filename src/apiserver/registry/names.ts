import type { Random } from "../../base/index.ts";

/** Upstream's alphabet for generated names: no vowels, nothing easily confused. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const nameLengthMax = 63;

/** `generateName` cut to fit, and five random characters. */
export function generateName(base: string, random: Random): string {
  let suffix = "";
  for (let index = 0; index < suffixLength; index += 1) suffix += alphabet[Math.floor(random.next() * alphabet.length)];
  return base.slice(0, nameLengthMax - suffixLength) + suffix;
}
