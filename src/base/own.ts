/**
 * What stands under a key that a client chose, in a map read from JSON: plain indexing would find `constructor` and
 * whatever else every object inherits.
 */
export function own<T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}
