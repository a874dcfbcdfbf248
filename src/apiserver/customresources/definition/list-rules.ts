import type { JSONSchemaProps } from "../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { own } from "../../../base/index.ts";

/** What `x-kubernetes-map-type`, `-list-type` and `-list-map-keys` need. */
export function checkListAndMapTypes(schema: JSONSchemaProps, path: FieldPath, atomicSets: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { type = "" } = schema;
  const mapType = schema["x-kubernetes-map-type"];
  const listType = schema["x-kubernetes-list-type"];
  if (mapType !== undefined && type !== "object")
    errors.push(typeNeeded(path, type, "must be object if x-kubernetes-map-type is specified"));
  if (mapType !== undefined && !["atomic", "granular"].includes(mapType))
    errors.push(notSupported(path.child("x-kubernetes-map-type"), mapType, ["atomic", "granular"]));
  if (listType !== undefined && type !== "array")
    errors.push(typeNeeded(path, type, "must be array if x-kubernetes-list-type is specified"));
  else if (atomicSets && listType === "set") checkSetItems(schema, path, errors);
  if (listType !== undefined && !["atomic", "set", "map"].includes(listType))
    errors.push(notSupported(path.child("x-kubernetes-list-type"), listType, ["atomic", "set", "map"]));
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (keys.length > 0 && listType !== "map") {
    const at = path.child("x-kubernetes-list-type");
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    errors.push(listType === undefined ? required(at, why) : invalid(at, listType, why));
  }
  if (listType === "map") checkMapItems(schema, keys, path, errors);
  return errors;
}

function typeNeeded(path: FieldPath, type: string, why: string): FieldError {
  return type === "" ? required(path.child("type"), why) : invalid(path.child("type"), type, why);
}

function checkSetItems(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  const items = schema.items as JSONSchemaProps | undefined;
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const listType = items?.["x-kubernetes-list-type"] ?? null;
  if (items?.type === "array" && listType !== null && listType !== "atomic")
    errors.push(invalid(path.child("items").child("x-kubernetes-list-type"), listType, why));
  // Upstream shows the list's type here too.
  if (items?.type === "object" && items["x-kubernetes-map-type"] !== "atomic")
    errors.push(invalid(path.child("items").child("x-kubernetes-map-type"), listType, why));
}

function checkMapItems(schema: JSONSchemaProps, keys: readonly string[], path: FieldPath, errors: FieldError[]): void {
  const keysPath = path.child("x-kubernetes-list-map-keys");
  if (keys.length === 0) errors.push(required(keysPath, "must not be empty if x-kubernetes-list-type is map"));
  const items = schema.items as JSONSchemaProps | undefined;
  if (items === undefined) {
    errors.push(required(path.child("items"), "must have a schema if x-kubernetes-list-type is map"));
    return;
  }
  if (items.type !== "object") {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(invalid(path.child("items").child("type"), items.type ?? "", why));
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = own(items.properties, key);
    if (property === undefined) errors.push(invalid(keysPath, keys, "entries must all be names of item properties"));
    else if (property.type === "array" || property.type === "object") {
      const at = path.child("items").child("properties").key(key).child("type");
      errors.push(invalid(at, items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    }
    if (seen.has(key)) errors.push(invalid(keysPath, keys, "must not contain duplicate entries"));
    seen.add(key);
  }
}

/** Elements of sets and list maps are not null, and have their keys. Upstream: `validateMapListKeysMapSet`. */
export function checkListKeys(schema: JSONSchemaProps, path: FieldPath = fieldPath("")): FieldError[] {
  const items = schema.items as JSONSchemaProps | undefined;
  const listType = schema["x-kubernetes-list-type"];
  if (items === undefined || (listType !== "set" && listType !== "map")) return [];
  const errors: FieldError[] = [];
  const at = path.child("items");
  if (items.nullable === true)
    errors.push(forbidden(at.child("nullable"), `cannot be nullable when x-kubernetes-list-type is ${listType}`));
  if (listType === "set") return errors;
  for (const key of schema["x-kubernetes-list-map-keys"] ?? []) {
    const property = own(items.properties, key);
    if (property === undefined) continue;
    const place = at.child("properties").key(key);
    const because = "this property is in x-kubernetes-list-map-keys, so it";
    if (items.required?.includes(key) !== true && property.default === undefined)
      errors.push(required(place.child("default"), `${because} must have a default or be a required property`));
    if (property.nullable === true) errors.push(forbidden(place.child("nullable"), `${because} cannot be nullable`));
  }
  return errors;
}
