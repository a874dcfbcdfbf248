import type { Structural } from "./structural.ts";

type Fields = Record<string, unknown>;

/**
 * Fills defaults in place. A null where null is not allowed counts as absent when there is a default, as upstream
 * does. Idempotent.
 */
export function applyDefaults(value: unknown, structural: Structural): void {
  if (!structural.hasDefaults) return;
  if (Array.isArray(value)) {
    for (const item of value) if (structural.items !== undefined) applyDefaults(item, structural.items);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const fields = value as Fields;
  for (const [key, child] of structural.properties) {
    const fallback = child.props.default;
    if (fallback !== undefined && (fields[key] === undefined || (fields[key] === null && !child.nullable))) {
      fields[key] = structuredClone(fallback);
    }
    if (fields[key] !== undefined) applyDefaults(fields[key], child);
  }
  if (typeof structural.additional !== "object") return;
  for (const [key, child] of Object.entries(fields))
    if (!structural.properties.has(key)) applyDefaults(child, structural.additional);
}
