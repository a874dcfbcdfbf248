import type { JSONSchemaProps } from "../../../api/index.ts";
import { type FieldError, type FieldPath, required } from "../../../apimachinery/index.ts";
import { own } from "../../../base/index.ts";

/**
 * Values that alternatives at the root check must be specified outside of them too. Upstream:
 * `validateStructuralCompleteness`.
 */
export function checkCompleteness(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  checkAlternatives(schema, { schema, path }, path, errors);
}

/** Where something is specified, if it is. */
interface Specified {
  readonly schema: JSONSchemaProps | undefined;
  readonly path: FieldPath;
}

function checkAlternatives(value: JSONSchemaProps, specified: Specified, path: FieldPath, errors: FieldError[]): void {
  if (value.not !== undefined) checkNested(value.not, specified, path.child("not"), errors);
  for (const name of ["allOf", "anyOf", "oneOf"] as const)
    for (const [index, one] of (value[name] ?? []).entries())
      checkNested(one, specified, path.child(name).index(index), errors);
}

function checkNested(value: JSONSchemaProps, specified: Specified, path: FieldPath, errors: FieldError[]): void {
  const { schema } = specified;
  if (schema === undefined) {
    errors.push(required(specified.path, `because it is defined in ${path.toString()}`));
    return;
  }
  checkAlternatives(value, specified, path, errors);
  if (value.items !== undefined) {
    const items = { schema: schema.items as JSONSchemaProps | undefined, path: specified.path.child("items") };
    checkNested(value.items as JSONSchemaProps, items, path.child("items"), errors);
  }
  for (const [name, child] of Object.entries(value.properties ?? {})) {
    const below = { schema: own(schema.properties, name), path: specified.path.child("properties").key(name) };
    checkNested(child, below, path.child("properties").key(name), errors);
  }
}
