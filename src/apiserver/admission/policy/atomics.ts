import type { Schema } from "../../../apimachinery/index.ts";

/** Where a configuration speaks of lists, maps and structs that can only be replaced as a whole. */
export function atomicPathsIn(schema: Schema, value: unknown, path = ""): readonly string[] {
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) {
    if (schema.type !== "list") return [];
    const below = value.flatMap((item, index) => atomicPathsIn(schema.items, item, `${path}[${index}]`));
    return schema.list === "atomic" ? [path, ...below] : below;
  }
  const isAtomic =
    (schema.type === "map" && schema.map === "atomic") || (schema.type === "object" && schema.atomic === true);
  const below = Object.entries(value).flatMap(([name, member]) => {
    const inner = memberSchema(schema, name);
    return inner === undefined ? [] : atomicPathsIn(inner, member, `${path}.${name}`);
  });
  return isAtomic ? [path, ...below] : below;
}

function memberSchema(schema: Schema, name: string): Schema | undefined {
  if (schema.type === "map") return schema.values;
  return schema.type === "object" ? schema.fields.get(name)?.schema : undefined;
}
