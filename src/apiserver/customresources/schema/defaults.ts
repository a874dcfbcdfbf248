import type { Structural } from "./structural.ts";

type Fields = Record<string, unknown>;

/**
 * Fills defaults in place. A null where null is not allowed counts as absent, as upstream has it, which leaves it null
 * when there is no default. Idempotent.
 */
export function applyDefaults(value: unknown, structural: Structural): void {
  if (!structural.hasDefaults) return;
  if (Array.isArray(value)) fillItems(value, structural.items);
  else if (typeof value === "object" && value !== null) fillFields(value as Fields, structural);
}

function fillItems(list: unknown[], items: Structural | undefined): void {
  if (items === undefined) return;
  for (const [index, item] of list.entries()) {
    if (item === null) list[index] = instead(items);
    applyDefaults(list[index], items);
  }
}

function fillFields(fields: Fields, structural: Structural): void {
  for (const [key, child] of structural.properties) {
    const fallback = child.props.default;
    const found = Object.hasOwn(fields, key);
    if (fallback !== undefined && (!found || (fields[key] === null && !child.nullable)))
      fields[key] = structuredClone(fallback);
    if (Object.hasOwn(fields, key)) applyDefaults(fields[key], child);
  }
  const { additional } = structural;
  if (typeof additional !== "object") return;
  for (const key of Object.keys(fields)) {
    if (structural.properties.has(key)) continue;
    if (fields[key] === null) fields[key] = instead(additional);
    applyDefaults(fields[key], additional);
  }
}

function instead({ nullable, props }: Structural): unknown {
  return nullable || props.default === undefined ? null : structuredClone(props.default);
}
