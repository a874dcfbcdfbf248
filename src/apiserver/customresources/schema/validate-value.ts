import type { JSONSchemaProps } from "../../../api/index.ts";
import { type FieldError, semanticEqual } from "../../../apimachinery/index.ts";
import { hasFormat } from "./formats.ts";
import { compilePattern } from "./patterns.ts";

type Fields = Readonly<Record<string, unknown>>;
/** Where a value stands, in both spellings that upstream's messages use. */
type Path = string;

/** Checks a value against an OpenAPI schema; the errors are worded as upstream's. At most 100 are collected. */
export function validateValue(value: unknown, schema: JSONSchemaProps, path: Path = ""): FieldError[] {
  const errors: FieldError[] = [];
  check(value, schema, path, errors);
  return errors.slice(0, 100);
}

const inBody = (path: Path): string => (path === "" ? "<nil>" : path);

function problem(type: FieldError["type"], path: Path, badValue: unknown, detail: string): FieldError {
  return { type, field: inBody(path), badValue, detail };
}

function invalid(path: Path, value: unknown, rest: string): FieldError {
  return problem("FieldValueInvalid", path, value, `${path === "" ? "" : path} in body ${rest}`.trimStart());
}

function check(value: unknown, schema: JSONSchemaProps, path: Path, errors: FieldError[]): void {
  if (value === null && schema.nullable === true) return;
  if (!hasType(value, schema)) {
    const type = schema["x-kubernetes-int-or-string"] === true ? "integer,string" : (schema.type ?? "");
    errors.push(
      problem(
        "FieldValueTypeInvalid",
        path,
        typeName(value),
        `${path} in body must be of type ${type}: ${JSON.stringify(typeName(value))}`,
      ),
    );
    return;
  }
  checkEnum(value, schema, path, errors);
  if (typeof value === "string") checkString(value, schema, path, errors);
  if (typeof value === "number") checkNumber(value, schema, path, errors);
  if (Array.isArray(value)) checkArray(value, schema, path, errors);
  else if (typeof value === "object" && value !== null) checkObject(value as Fields, schema, path, errors);
  checkCombinations(value, schema, path, errors);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function hasType(value: unknown, schema: JSONSchemaProps): boolean {
  if (schema["x-kubernetes-int-or-string"] === true) return typeof value === "string" || Number.isInteger(value);
  switch (schema.type) {
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "array":
      return Array.isArray(value);
    case "string":
    case "boolean":
      return typeof value === schema.type;
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    default:
      return value !== null || schema.type === undefined || schema.type === "";
  }
}

function checkEnum(value: unknown, schema: JSONSchemaProps, path: Path, errors: FieldError[]): void {
  if (schema.enum === undefined || schema.enum.some((allowed) => semanticEqual(allowed, value))) return;
  const supported = schema.enum.map((allowed) =>
    JSON.stringify(typeof allowed === "string" ? allowed : JSON.stringify(allowed)),
  );
  errors.push(problem("FieldValueNotSupported", path, value, `supported values: ${supported.join(", ")}`));
}

function checkString(value: string, schema: JSONSchemaProps, path: Path, errors: FieldError[]): void {
  const length = [...value].length;
  const { maxLength, minLength, pattern, format } = schema;
  if (maxLength !== undefined && length > maxLength) {
    errors.push(problem("FieldValueTooLong", path, value, `may not be more than ${maxLength} bytes`));
  }
  if (minLength !== undefined && length < minLength)
    errors.push(invalid(path, value, `should be at least ${minLength} chars long`));
  if (pattern !== undefined && pattern !== "" && !compilePattern(pattern).test(value)) {
    errors.push(invalid(path, value, `should match '${pattern}'`));
  }
  if (format !== undefined && format !== "" && !hasFormat(format, value)) {
    errors.push(invalid(path, value, `must be of type ${format}: ${JSON.stringify(value)}`));
  }
}

function checkNumber(value: number, schema: JSONSchemaProps, path: Path, errors: FieldError[]): void {
  const { maximum, minimum, multipleOf, format } = schema;
  if (format === "int32" && Number.isInteger(value) && (value > 2 ** 31 - 1 || value < -(2 ** 31))) {
    errors.push(invalid(path, value, 'must be of type int32: "integer"'));
  }
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    errors.push(
      invalid(path, value, `should be less than ${schema.exclusiveMaximum === true ? "" : "or equal to "}${maximum}`),
    );
  }
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    errors.push(
      invalid(
        path,
        value,
        `should be greater than ${schema.exclusiveMinimum === true ? "" : "or equal to "}${minimum}`,
      ),
    );
  }
  if (multipleOf !== undefined && !Number.isInteger(Number((value / multipleOf).toPrecision(12)))) {
    errors.push(invalid(path, value, `should be a multiple of ${multipleOf}`));
  }
}

function checkArray(value: readonly unknown[], schema: JSONSchemaProps, path: Path, errors: FieldError[]): void {
  const { maxItems, minItems, uniqueItems } = schema;
  if (maxItems !== undefined && value.length > maxItems) {
    errors.push(
      problem(
        "FieldValueTooMany",
        path,
        value.length,
        `must have at most ${maxItems} item${maxItems === 1 ? "" : "s"}`,
      ),
    );
  }
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalid(path, value.length, `should have at least ${minItems} items`));
  }
  if (uniqueItems === true && hasDuplicates(value)) errors.push(invalid(path, value, "shouldn't contain duplicates"));
  const items = schema.items as JSONSchemaProps | undefined;
  if (items !== undefined) for (const [index, item] of value.entries()) check(item, items, `${path}[${index}]`, errors);
  checkListKeys(value, schema, path, errors);
}

function hasDuplicates(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size < values.length;
}

/** Elements of sets, and keys of list maps, stand once. */
function checkListKeys(value: readonly unknown[], schema: JSONSchemaProps, path: Path, errors: FieldError[]): void {
  const listType = schema["x-kubernetes-list-type"];
  if (listType !== "set" && listType !== "map") return;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const defaults = (schema.items as JSONSchemaProps | undefined)?.properties ?? {};
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const identity =
      listType === "set"
        ? item
        : Object.fromEntries(keys.map((key) => [key, (item as Fields | null)?.[key] ?? defaults[key]?.default]));
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push(problem("FieldValueDuplicate", `${path}[${index}]`, identity, ""));
    seen.add(text);
  }
}

function checkObject(value: Fields, schema: JSONSchemaProps, path: Path, errors: FieldError[]): void {
  const keys = Object.keys(value);
  const { maxProperties, minProperties, properties = {} } = schema;
  if (maxProperties !== undefined && keys.length > maxProperties) {
    errors.push(
      problem(
        "FieldValueTooMany",
        path,
        keys.length,
        `must have at most ${maxProperties} item${maxProperties === 1 ? "" : "s"}`,
      ),
    );
  }
  if (minProperties !== undefined && keys.length < minProperties) {
    errors.push(invalid(path, keys.length, `should have at least ${minProperties} properties`));
  }
  for (const name of schema.required ?? []) {
    if (value[name] === undefined) errors.push(problem("FieldValueRequired", join(path, name), "", ""));
  }
  const additional = (schema as { additionalProperties?: JSONSchemaProps | boolean }).additionalProperties;
  for (const key of keys) {
    const child = properties[key] ?? (typeof additional === "object" ? additional : undefined);
    if (child !== undefined) check(value[key], child, join(path, key), errors);
  }
}

function join(path: Path, name: string): Path {
  return path === "" ? name : `${path}.${name}`;
}

function checkCombinations(value: unknown, schema: JSONSchemaProps, path: Path, errors: FieldError[]): void {
  const passes = (candidate: JSONSchemaProps): boolean => validateValue(value, candidate, path).length === 0;
  for (const candidate of schema.allOf ?? []) check(value, candidate, path, errors);
  if (schema.anyOf?.length && !schema.anyOf.some(passes))
    errors.push(invalid(path, value, "must validate at least one schema (anyOf)"));
  if (schema.oneOf?.length) {
    const count = schema.oneOf.filter(passes).length;
    if (count !== 1) {
      const found = count === 0 ? "Found none valid" : `Found ${count} valid alternatives`;
      errors.push(invalid(path, value, `must validate one and only one schema (oneOf). ${found}`));
    }
  }
  if (schema.not !== undefined && passes(schema.not))
    errors.push(invalid(path, value, "must not validate the schema (not)"));
}
