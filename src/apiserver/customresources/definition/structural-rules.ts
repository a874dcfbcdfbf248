import type { JSONSchemaProps } from "../../../api/index.ts";
import { type FieldError, type FieldPath, forbidden, invalid, required } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import { compilePattern } from "../schema/patterns.ts";

type Errors = FieldError[];
type Loose = JSONSchemaProps & { additionalProperties?: JSONSchemaProps | boolean };

/** Whether a schema is structural, and uses nothing that custom resources may not. Upstream: `ValidateStructural`. */
export function checkStructural(schema: JSONSchemaProps, path: FieldPath, errors: Errors): void {
  if (schema.type !== "object") {
    errors.push(
      schema.type === undefined || schema.type === ""
        ? required(path.child("type"), "must not be empty at the root")
        : invalid(path.child("type"), schema.type, "must be object at the root"),
    );
  }
  if (schema.nullable === true) errors.push(forbidden(path.child("nullable"), "nullable cannot be true at the root"));
  checkLevel(schema as Loose, path, true, errors);
}

function checkLevel(schema: Loose, path: FieldPath, isRoot: boolean, errors: Errors): void {
  checkForbidden(schema, path, errors);
  checkType(schema, path, isRoot, errors);
  checkLists(schema, path, errors);
  if (schema.pattern !== undefined) {
    try {
      compilePattern(schema.pattern);
    } catch (error) {
      errors.push(
        invalid(
          path.child("pattern"),
          schema.pattern,
          `must be a valid regular expression, but isn't: ${messageOf(error)}`,
        ),
      );
    }
  }
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (isRoot && name === "metadata") checkRootMetadata(child, path.child("properties").key(name), errors);
    checkLevel(child as Loose, path.child("properties").key(name), false, errors);
  }
  if (schema.items !== undefined) checkLevel(schema.items as Loose, path.child("items"), false, errors);
  if (typeof schema.additionalProperties === "object") {
    checkLevel(schema.additionalProperties as Loose, path.child("additionalProperties"), false, errors);
  }
  checkJunctors(schema, path, errors);
}

const never = ["definitions", "dependencies", "id", "patternProperties", "$ref", "additionalItems"] as const;

function checkForbidden(schema: Loose, path: FieldPath, errors: Errors): void {
  for (const name of never) {
    if ((schema as Record<string, unknown>)[name] !== undefined)
      errors.push(forbidden(path.child(name), `${name} is not supported`));
  }
  if (schema.uniqueItems === true) {
    errors.push(
      forbidden(
        path.child("uniqueItems"),
        "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
      ),
    );
  }
  if (
    schema.properties !== undefined &&
    Object.keys(schema.properties).length > 0 &&
    schema.additionalProperties !== undefined &&
    schema.additionalProperties !== false
  ) {
    errors.push(
      forbidden(path.child("additionalProperties"), "additionalProperties and properties are mutual exclusive"),
    );
  }
  if (schema.additionalProperties === false) {
    errors.push(forbidden(path.child("additionalProperties"), "additionalProperties cannot be set to false"));
  }
}

const types = new Set(["object", "array", "string", "number", "integer", "boolean"]);

function checkType(schema: Loose, path: FieldPath, isRoot: boolean, errors: Errors): void {
  const intOrString = schema["x-kubernetes-int-or-string"] === true;
  const preserve = schema["x-kubernetes-preserve-unknown-fields"];
  if (preserve === false) {
    errors.push(invalid(path.child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"));
  }
  const type = schema.type ?? "";
  if (type === "") {
    if (!intOrString && preserve !== true && !isRoot)
      errors.push(required(path.child("type"), "must not be empty for specified object fields"));
  } else if (!types.has(type)) {
    errors.push(invalid(path.child("type"), type, "must be one of object, array, string, number, integer, boolean"));
  } else if (intOrString) {
    errors.push(forbidden(path.child("type"), "must be empty if x-kubernetes-int-or-string is true"));
  }
  if (type === "array" && schema.items === undefined) errors.push(required(path.child("items"), "must be specified"));
  if (schema["x-kubernetes-embedded-resource"] === true && type !== "object") {
    errors.push(invalid(path.child("type"), type, "must be object if x-kubernetes-embedded-resource is true"));
  }
}

function checkLists(schema: Loose, path: FieldPath, errors: Errors): void {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (listType !== undefined && schema.type !== "array") {
    errors.push(invalid(path.child("type"), schema.type ?? "", "must be array if x-kubernetes-list-type is specified"));
  }
  if (listType !== undefined && !["atomic", "set", "map"].includes(listType)) {
    errors.push(invalid(path.child("x-kubernetes-list-type"), listType, "must be one of atomic, set, map"));
  }
  if (listType !== "map" && keys.length > 0) {
    errors.push(
      invalid(
        path.child("x-kubernetes-list-type"),
        listType ?? "",
        "must be map if x-kubernetes-list-map-keys is non-empty",
      ),
    );
  }
  if (listType !== "map") return;
  if (keys.length === 0)
    errors.push(
      required(path.child("x-kubernetes-list-map-keys"), "must not be empty if x-kubernetes-list-type is map"),
    );
  const items = schema.items as JSONSchemaProps | undefined;
  for (const key of keys) {
    const property = items?.properties?.[key];
    if (property === undefined) {
      errors.push(
        invalid(path.child("x-kubernetes-list-map-keys"), keys, "entries have to all be names of item properties"),
      );
    } else if (property.default === undefined && !items?.required?.includes(key)) {
      errors.push(
        required(
          path.child("items").child("properties").key(key).child("default"),
          "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
      );
    }
  }
}

/** Of the metadata only the name's form may be constrained. */
function checkRootMetadata(schema: JSONSchemaProps, path: FieldPath, errors: Errors): void {
  if (schema.type !== undefined && schema.type !== "object")
    errors.push(invalid(path.child("type"), schema.type, "must be object"));
  for (const name of Object.keys(schema.properties ?? {})) {
    if (name !== "name" && name !== "generateName")
      errors.push(
        forbidden(path.child("properties").key(name), "only name and generateName can be restricted in metadata"),
      );
  }
}

const junctorNever = [
  "type",
  "nullable",
  "default",
  "description",
  "title",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
] as const;

/** Inside allOf, anyOf, oneOf and not stand value checks only; what they speak of is specified outside. */
function checkJunctors(schema: Loose, path: FieldPath, errors: Errors): void {
  const lists = {
    allOf: schema.allOf,
    anyOf: schema.anyOf,
    oneOf: schema.oneOf,
    not: schema.not === undefined ? undefined : [schema.not],
  };
  const intOrString = schema["x-kubernetes-int-or-string"] === true;
  for (const [name, list] of Object.entries(lists)) {
    for (const [index, child] of (list ?? []).entries()) {
      const at = name === "not" ? path.child(name) : path.child(name).index(index);
      checkNested(child as Loose, at, intOrString, errors);
    }
  }
}

function checkNested(schema: Loose, path: FieldPath, intOrString: boolean, errors: Errors): void {
  for (const name of junctorNever) {
    const value = (schema as Record<string, unknown>)[name];
    if (value === undefined || value === "" || (intOrString && name === "type")) continue;
    errors.push(forbidden(path.child(name), "must be undefined to be structural"));
  }
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    checkNested(child as Loose, path.child("properties").key(name), false, errors);
  if (schema.items !== undefined) checkNested(schema.items as Loose, path.child("items"), false, errors);
}
