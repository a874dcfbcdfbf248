import type { Structural } from "./structural.ts";

type Fields = Record<string, unknown>;

/**
 * Removes, in place, nulls where the schema allows none and knows no default. Upstream:
 * `PruneNonNullableNullsWithoutDefaults`.
 */
export function dropNulls(value: unknown, structural: Structural): void {
  if (Array.isArray(value)) {
    if (structural.items !== undefined) for (const item of value) dropNulls(item, structural.items);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const fields = value as Fields;
  for (const key of Object.keys(fields)) {
    const below = structural.properties.get(key) ?? structural.additional;
    if (below === undefined || below === true) continue;
    if (fields[key] === null && !below.nullable && below.props.default === undefined) delete fields[key];
    else dropNulls(fields[key], below);
  }
}
