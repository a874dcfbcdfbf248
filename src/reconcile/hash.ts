/** The letters that upstream uses in generated names: none that could make a word, none that look alike. */
const safeAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Maps each character of a number's text into the alphabet of generated names. */
export function safeEncode(text: string): string {
  let result = "";
  for (const character of text) result += safeAlphabet.charAt(character.charCodeAt(0) % safeAlphabet.length);
  return result;
}

/** FNV-1a, 32 bits, over the UTF-8 bytes. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/**
 * A short name part for the contents of a value, equal for semantically equal values. `collisionCount` gives another one
 * when two different values met under one name.
 */
export function contentHash(value: unknown, collisionCount?: number): string {
  const suffix = collisionCount === undefined ? "" : `#${collisionCount}`;
  return safeEncode(String(fnv32a(canonicalJson(value) + suffix)));
}

/** JSON with sorted keys and without anything empty. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined && member !== null) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(",")}}`;
}
