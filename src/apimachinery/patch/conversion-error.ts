import type { ObjectSchema, Schema } from "../schema/contract.ts";
import { isJsonObject } from "./json-value.ts";

/**
 * Why upstream's converter of unstructured values cannot make a value of this type, in its words; nothing where it
 * can, and where the type decodes itself from JSON (quantities, times, integers or strings).
 */
export function conversionError(value: unknown, schema: Schema): string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (schema.type) {
    case "object":
      return isJsonObject(value) ? fieldsError(value, schema) : `cannot restore struct from: ${kindOf(value)}`;
    case "map":
      if (!isJsonObject(value)) return `cannot restore map from ${kindOf(value)}`;
      return firstOf(Object.values(value), (member) => conversionError(member, schema.values));
    case "list":
      if (!Array.isArray(value)) return `cannot restore slice from ${kindOf(value)}`;
      return firstOf(value, (item) => conversionError(item, schema.items));
    case "bytes":
      return typeof value === "string" || Array.isArray(value)
        ? undefined
        : `cannot restore slice from ${kindOf(value)}`;
    default:
      return simpleError(value, schema.type);
  }
}

function fieldsError(value: Readonly<Record<string, unknown>>, schema: ObjectSchema): string | undefined {
  return firstOf(schema.fields.values(), (field) =>
    Object.hasOwn(value, field.name) ? conversionError(value[field.name], field.schema) : undefined,
  );
}

const goKinds: Readonly<Record<string, string>> = {
  string: "string",
  bool: "bool",
  int32: "int32",
  int64: "int64",
  double: "float64",
};

/** Numbers convert among each other, whole ones, and, to Go's reflection, integers also to strings. */
function simpleError(value: unknown, type: string): string | undefined {
  const wanted = goKinds[type];
  const given = kindOf(value);
  if (wanted === undefined || given === wanted) return undefined;
  const numeric = given === "int64" || given === "float64";
  if (wanted !== "string" && wanted !== "bool" && numeric) {
    return wanted !== "float64" && given === "float64" ? `cannot convert float64 to ${wanted}` : undefined;
  }
  if (wanted === "string" && given === "int64") return "cannot convert int64 to string";
  return `unrecognized type: ${wanted}`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "bigint":
      return "int64";
    case "number":
      return Number.isInteger(value) ? "int64" : "float64";
    default:
      return "map";
  }
}

function firstOf<T>(values: Iterable<T>, errorOf: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const error = errorOf(value);
    if (error !== undefined) return error;
  }
  return undefined;
}
