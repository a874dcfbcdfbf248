import type { Structural } from "./structural.ts";

type Fields = Record<string, unknown>;

/**
 * Removes, in place, nulls where the schema allows none and knows no default. Upstream:
 * `PruneNonNullableNullsWithoutDefaults`. `untyped`: only those that validation would let pass.
 */
export function dropNulls(value: unknown, structural: Structural, untyped = false): void {
  if (Array.isArray(value)) {
    if (structural.items !== undefined) for (const item of value) dropNulls(item, structural.items, untyped);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const fields = value as Fields;
  for (const key of Object.keys(fields)) {
    const below = structural.properties.get(key) ?? structural.additional;
    if (below === undefined || below === true) continue;
    const isRefused = untyped && (below.type !== "" || below.intOrString);
    if (fields[key] === null && !below.nullable && below.props.default === undefined && !isRefused) delete fields[key];
    else dropNulls(fields[key], below, untyped);
  }
}
