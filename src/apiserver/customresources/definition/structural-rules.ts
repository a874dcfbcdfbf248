import type { JSONSchemaProps } from "../../../api/index.ts";
import {
  deepEqual,
  type FieldError,
  type FieldPath,
  fieldErrorMessage,
  forbidden,
  invalid,
  required,
} from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { compilePattern } from "../schema/patterns.ts";
import { checkCompleteness } from "./completeness.ts";
import { pointerFields } from "./schema-options.ts";

type Level = "root" | "item" | "field";

const intOrStringAnyOf = [{ type: "integer" }, { type: "string" }];

/** Whether a schema is structural. Upstream: `ValidateStructural`; errors are sorted by their texts, as there. */
export function checkStructural(schema: JSONSchemaProps, path: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  checkLevel(schema, "root", path, errors);
  checkCompleteness(schema, path, errors);
  return errors
    .map((error) => ({ error, text: fieldErrorMessage(error) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ error }) => error);
}

function checkLevel(schema: JSONSchemaProps, level: Level, path: FieldPath, errors: FieldError[]): void {
  const items = schema.items as JSONSchemaProps | undefined;
  if (schema.type === "array" && items === undefined) errors.push(required(path.child("items"), "must be specified"));
  if (items !== undefined) checkLevel(items, "item", path.child("items"), errors);
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    checkLevel(child, "field", path.child("properties").key(name), errors);
  const { additionalProperties } = schema;
  if (additionalProperties !== undefined) {
    const at = path.child("additionalProperties");
    if (level === "root") errors.push(forbidden(at, "must not be used at the root"));
    if (typeof additionalProperties === "object") checkLevel(additionalProperties, "field", at, errors);
  }
  checkExtensions(schema, path, errors);
  const skips = {
    anyOf: deepEqual(schema.anyOf, intOrStringAnyOf),
    firstAllOf: deepEqual(schema.allOf?.[0]?.anyOf, intOrStringAnyOf),
  };
  checkValueChecks(schema, skips, path, errors);
  checkType(schema, level, path, errors);
  checkObjectFields(schema, level, path, errors);
}

function checkExtensions(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  if (schema["x-kubernetes-int-or-string"] !== true) return;
  for (const name of ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const)
    if (schema[name] === true)
      errors.push(invalid(path.child(name), true, "must be false if x-kubernetes-int-or-string is true"));
}

const withoutType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function checkType(schema: JSONSchemaProps, level: Level, path: FieldPath, errors: FieldError[]): void {
  const { type = "" } = schema;
  const at = path.child("type");
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const free = schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (embedded && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    errors.push(type === "" ? required(at, why) : invalid(at, type, why));
  } else if (type === "" && !free) errors.push(required(at, withoutType[level]));
  if (embedded && schema.additionalProperties !== undefined) {
    const why = "must not be used if x-kubernetes-embedded-resource is set";
    errors.push(forbidden(path.child("additionalProperties"), why));
  }
  if (level === "root" && type !== "" && type !== "object")
    errors.push(invalid(at, type, "must be object at the root"));
}

/** Of kind, version and metadata there is little left to specify. */
function checkObjectFields(schema: JSONSchemaProps, level: Level, path: FieldPath, errors: FieldError[]): void {
  const { properties = {} } = schema;
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const isObject = level === "root" || embedded;
  const at = path.child("properties");
  for (const name of ["kind", "apiVersion"]) {
    const child = isObject ? properties[name] : undefined;
    if (child !== undefined && child.type !== "string")
      errors.push(invalid(at.key(name).child("type"), child.type ?? "", "must be string"));
  }
  const { metadata } = properties;
  if (metadata !== undefined) {
    const place = at.key("metadata");
    if (isObject && metadata.type !== "object")
      errors.push(invalid(place.child("type"), metadata.type ?? "", "must be object"));
    if (level === "root" && saysMore(metadata)) {
      const why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
      errors.push(forbidden(place, why));
    }
  }
  if (embedded && schema["x-kubernetes-preserve-unknown-fields"] !== true && Object.keys(properties).length === 0) {
    const why =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    errors.push(required(at, why));
  }
}

function saysMore({ properties, type: _type, default: _default, ...rest }: JSONSchemaProps): boolean {
  if (Object.keys(properties ?? {}).some((name) => name !== "name" && name !== "generateName")) return true;
  return Object.values(rest).some(
    (value) => value !== undefined && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
}

interface Skips {
  readonly anyOf: boolean;
  readonly firstAllOf: boolean;
}

const noSkips: Skips = { anyOf: false, firstAllOf: false };

/** Checks of values: nested ones may say nothing of structure, but for the two ways to spell int-or-string. */
function checkValueChecks(schema: JSONSchemaProps, skips: Skips, path: FieldPath, errors: FieldError[]): void {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = "" } = schema;
  if (!skips.anyOf)
    for (const [index, one] of anyOf.entries()) checkNested(one, noSkips, path.child("anyOf").index(index), errors);
  for (const [index, one] of allOf.entries()) {
    const anyOfSkipped = { anyOf: skips.firstAllOf && index === 0, firstAllOf: false };
    checkNested(one, anyOfSkipped, path.child("allOf").index(index), errors);
  }
  for (const [index, one] of oneOf.entries()) checkNested(one, noSkips, path.child("oneOf").index(index), errors);
  if (not !== undefined) checkNested(not, noSkips, path.child("not"), errors);
  if (pattern === "") return;
  try {
    compilePattern(pattern);
  } catch (error) {
    const why = `must be a valid regular expression, but isn't: ${messageOf(error)}`;
    errors.push(invalid(path.child("pattern"), pattern, why));
  }
}

const never = [
  ["type", "empty"],
  ["additionalProperties", "undefined"],
  ["default", "undefined"],
  ["title", "empty"],
  ["description", "empty"],
  ["nullable", "false"],
  ["x-kubernetes-preserve-unknown-fields", "false"],
  ["x-kubernetes-embedded-resource", "false"],
  ["x-kubernetes-int-or-string", "false"],
  ["x-kubernetes-list-map-keys", "empty"],
  ["x-kubernetes-list-type", "undefined"],
  ["x-kubernetes-map-type", "undefined"],
  ["x-kubernetes-validations", "empty"],
] as const;

function checkNested(schema: JSONSchemaProps, skips: Skips, path: FieldPath, errors: FieldError[]): void {
  checkValueChecks(schema, skips, path, errors);
  if (schema.items !== undefined) checkNested(schema.items as JSONSchemaProps, noSkips, path.child("items"), errors);
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    checkNested(child, noSkips, path.child("properties").key(name), errors);
  for (const [name, wanted] of never) {
    const value = schema[name];
    const isThere = value !== undefined && value !== false && (value !== "" || pointerFields.has(name));
    const isSet = Array.isArray(value) ? value.length > 0 : isThere;
    if (isSet) errors.push(forbidden(path.child(name), `must be ${wanted} to be structural`));
  }
  if (schema.properties?.["metadata"] !== undefined)
    errors.push(forbidden(path.child("properties").key("metadata"), "must not be specified in a nested context"));
}
