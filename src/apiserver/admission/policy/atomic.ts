import type { Schema } from "../../../apimachinery/index.ts";

/** Where a configuration speaks of something that can only be replaced as a whole; undefined when nowhere. */
export function atomicPathIn(schema: Schema, value: unknown, path = ""): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (Array.isArray(value)) {
    if (schema.type !== "list") return undefined;
    if (schema.list === "atomic") return path;
    for (const item of value as readonly unknown[]) {
      const found = atomicPathIn(schema.items, item, `${path}[]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (schema.type === "map" && schema.map === "atomic") return path;
  if (schema.type === "object" && schema.atomic === true) return path;
  for (const [name, member] of Object.entries(value)) {
    const below =
      schema.type === "map" ? schema.values : schema.type === "object" ? schema.fields.get(name)?.schema : undefined;
    const found = below === undefined ? undefined : atomicPathIn(below, member, `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
