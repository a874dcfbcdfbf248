import type { FieldSchema, ObjectSchema, Schema } from "./contract.ts";

/**
 * Whether Go's encoder leaves this value of a struct's field out for being an empty list or map. Decoding keeps it:
 * defaulting and validation see that it is there.
 */
export function isLeftOut({ facts, schema }: FieldSchema, value: unknown): boolean {
  if (facts.omitEmpty !== true || facts.pointer === true || typeof value !== "object" || value === null) return false;
  if (schema.type === "list") return Array.isArray(value) && value.length === 0;
  return schema.type === "map" && Object.keys(value).length === 0;
}

/** Few objects hold such values; it is remembered which, so that no other need be searched for them. */
const holders = new WeakMap<object, ObjectSchema>();

export function rememberEmpties(object: object, schema: ObjectSchema): void {
  holders.set(object, schema);
}

/** A decoded object without what encoding would leave out for being empty; most often the object itself. */
export function withoutEmpties<T extends object>(object: T): T {
  const schema = holders.get(object);
  return schema === undefined ? object : (asEncoded(schema, object) as T);
}

/** A copy of a value without what is left out. */
export function asEncoded(schema: Schema, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (schema.type === "list") return (value as readonly unknown[]).map((item) => asEncoded(schema.items, item));
  const inner = schema.type === "map" ? schema.values : undefined;
  if (schema.type !== "object" && inner?.type !== "object") return value;
  const members: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    const field = schema.type === "object" ? schema.fields.get(name) : undefined;
    if (field !== undefined && isLeftOut(field, member)) continue;
    const of = field?.schema ?? inner;
    members.push([name, of === undefined ? member : asEncoded(of, member)]);
  }
  return Object.fromEntries(members);
}
