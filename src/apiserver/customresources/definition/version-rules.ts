import type { CustomResourceDefinitionVersion, JSONSchemaProps } from "../../../api/index.ts";
import { type FieldError, type FieldPath, forbidden, invalid } from "../../../apimachinery/index.ts";
import { RuleCosts } from "../rules/index.ts";
import { structuralOf } from "../schema/structural.ts";
import { checkDefaults } from "./default-rules.ts";
import { shownSchema } from "./go-json.ts";
import { hasSchema, type SharedParts } from "./internal-form.ts";
import { pointerFields, type SchemaOptions } from "./schema-options.ts";
import { checkSchema } from "./schema-rules.ts";
import { checkSelectableFields } from "./selectable-rules.ts";
import { checkStructural } from "./structural-rules.ts";
import { checkColumn, checkSubresources } from "./subresource-rules.ts";

type Errors = FieldError[];

/** What a version says that others say otherwise. */
export function checkVersion(
  version: CustomResourceDefinitionVersion,
  path: FieldPath,
  hasStatus: boolean,
  options: SchemaOptions,
  errors: Errors,
): void {
  checkDeprecation(version, path, errors);
  const schema = version.schema?.openAPIV3Schema;
  const unchanged = options.unchangedVersions.has(version.name);
  if (schema !== undefined) checkWholeSchema(schema, path.child("schema"), { hasStatus, unchanged, options }, errors);
  checkSubresources(version.subresources, path.child("subresources"), errors);
  for (const [index, column] of (version.additionalPrinterColumns ?? []).entries())
    checkColumn(column, path.child("additionalPrinterColumns").index(index), errors);
  const { selectableFields = [] } = version;
  if (selectableFields.length === 0) return;
  const at = path.child("selectableFields");
  // Upstream says so too where the schema is the same in all versions, and stands at the top.
  if (schema === undefined)
    errors.push(invalid(at, "", "may only be set when `version.schema.openAPIV3Schema` is not included"));
  else
    checkSelectableFields(selectableFields, structuralOf(schema), at, options.manySelectable.has(version.name), errors);
}

interface SchemaCheck {
  /** Some version has a status of its own. */
  readonly hasStatus: boolean;
  /** The schema is the one stored already. */
  readonly unchanged: boolean;
  readonly options: SchemaOptions;
}

/** The schema and selectable fields that all versions share. */
export function checkSharedParts(shared: SharedParts, path: FieldPath, check: SchemaCheck, errors: Errors): void {
  const schema = shared.schema?.openAPIV3Schema;
  if (schema !== undefined) checkWholeSchema(schema, path.child("validation"), check, errors);
  const { selectableFields = [] } = shared;
  if (selectableFields.length === 0) return;
  const at = path.child("selectableFields");
  if (schema === undefined) errors.push(invalid(at, "", "may only be set when validations.schema is included"));
  else checkSelectableFields(selectableFields, structuralOf(schema), at, check.options.manySelectable.has(""), errors);
}

function checkWholeSchema(schema: JSONSchemaProps, path: FieldPath, check: SchemaCheck, errors: Errors): void {
  const start = errors.length;
  if (check.hasStatus) checkRootFields(schema, path, errors);
  if (schema.nullable === true)
    errors.push(forbidden(path.child("openAPIV3Schema.nullable"), "nullable cannot be true at the root"));
  const at = path.child("openAPIV3Schema");
  const unsupported = unsupportedOf(schema);
  const structure = unsupported === undefined ? checkStructural(schema, at) : [];
  const isStructural = unsupported === undefined && structure.length === 0;
  const defaults = isStructural ? checkDefaults(structuralOf(schema), at, check.options.requirePrunedDefaults) : [];
  errors.push(...structure, ...defaults);
  const costs = isStructural && defaults.length === 0 ? new RuleCosts(check.unchanged) : undefined;
  errors.push(...checkSchema(schema, at, check.options, costs));
  if (costs !== undefined) errors.push(...costs.errors(at));
  if (unsupported !== undefined && errors.length === start) errors.push(invalid(at, "", unsupported));
}

/** What keeps upstream from looking at the structure at all. */
function unsupportedOf(schema: JSONSchemaProps): string | undefined {
  let found: string | undefined;
  hasSchema(schema, (one) => {
    const { items, id, $schema, $ref, patternProperties, dependencies, additionalItems, definitions } = one;
    const named = { id, schema: $schema, $ref, patternProperties, dependencies, additionalItems, definitions };
    const name = Object.entries(named).find(([key, value]) => isSaid(key, value))?.[0];
    if (name !== undefined) found = `OpenAPIV3Schema '${name}' is not supported`;
    else if (Array.isArray(items)) found = "OpenAPIV3Schema 'items' must be a schema, but is an array";
    else if (one["x-kubernetes-preserve-unknown-fields"] === false)
      found = "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
    return found !== undefined;
  });
  return found;
}

/** What is empty is not said, but for `additionalItems`, which may be an empty schema. */
function isSaid(name: string, value: unknown): boolean {
  if (value === undefined || value === "") return false;
  return typeof value !== "object" || name === "additionalItems" || Object.keys(value ?? {}).length > 0;
}

/** As upstream prints them, in the order of its type. */
const rootFields = [
  "description",
  "type",
  "format",
  "title",
  "maximum",
  "exclusiveMaximum",
  "minimum",
  "exclusiveMinimum",
  "maxLength",
  "minLength",
  "pattern",
  "maxItems",
  "minItems",
  "uniqueItems",
  "multipleOf",
  "required",
  "items",
  "properties",
  "externalDocs",
  "example",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-validations",
] as const;

const fieldsBeforeType: readonly string[] = ["id", "$schema", "$ref"];

/** The status is checked by what `properties.status` says alone, so that the root may say only what keeps its meaning. */
function checkRootFields(schema: JSONSchemaProps, path: FieldPath, errors: Errors): void {
  const { type = "" } = schema;
  const allowed: readonly string[] = rootFields;
  const others = Object.entries(schema).filter(
    ([name, value]) =>
      !allowed.includes(name) && value !== undefined && value !== false && (value !== "" || pointerFields.has(name)),
  );
  const saysOtherFirst = others.some(([name]) => fieldsBeforeType.includes(name));
  if (type !== "" && type !== "object" && !saysOtherFirst) {
    const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    errors.push(invalid(path.child("openAPIV3Schema.type"), type, why));
    return;
  }
  if (others.length === 0) return;
  const names = rootFields.map(goName).join(" ");
  const why = `only [${names}] fields are allowed at the root of the schema if the status subresource is enabled`;
  errors.push(invalid(path.child("openAPIV3Schema"), shownSchema(schema), why));
}

function goName(name: string): string {
  if (name === "x-kubernetes-preserve-unknown-fields") return "XPreserveUnknownFields";
  if (name === "x-kubernetes-validations") return "XValidations";
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function checkDeprecation(version: CustomResourceDefinitionVersion, path: FieldPath, errors: Errors): void {
  const { deprecated = false, deprecationWarning: text } = version;
  if (text === undefined) return;
  const at = path.child("deprecationWarning");
  if (!deprecated) return void errors.push(invalid(at, text, "can only be set for deprecated versions"));
  if (Buffer.byteLength(text) > 256) errors.push(invalid(at, text, "must be <= 256 characters long"));
  if (text === "") errors.push(invalid(at, text, "must not be an empty string"));
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text);
  if (odd === null) return;
  const index = Buffer.byteLength(text.slice(0, odd.index));
  const why = `must only contain printable UTF-8 characters; non-printable character found at index ${index}`;
  errors.push(invalid(at, text, why));
}
