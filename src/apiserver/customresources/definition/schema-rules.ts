import type { JSONSchemaProps, ValidationRule } from "../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  forbidden,
  invalid,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { type RuleCosts, type RulePlace, checkRulesOf } from "../rules/index.ts";
import { structuralOf } from "../schema/structural.ts";
import { findField } from "./field-paths.ts";
import { checkListAndMapTypes, checkListKeys } from "./list-rules.ts";
import { pointerFields, type SchemaOptions, schemaTypes } from "./schema-options.ts";

/** Where a schema stands in the one that is checked. */
interface Place {
  readonly path: FieldPath;
  readonly isRoot: boolean;
  /** Why there may be no defaults; undefined: there may. */
  readonly noDefaults: string | undefined;
  readonly insideMeta: boolean;
  /** How rules here are compiled and charged; undefined: they are not. */
  readonly rules: RulePlace | undefined;
}

interface Walk {
  readonly options: SchemaOptions;
  /** What is wrong with schemas, and apart from it with rules: these are looked at only where schemas are fine. */
  readonly errors: FieldError[];
  readonly ruleErrors: FieldError[];
}

/** Checks every level of a schema. Upstream: `ValidateCustomResourceDefinitionOpenAPISchema`. */
export function checkSchema(
  schema: JSONSchemaProps,
  path: FieldPath,
  options: SchemaOptions,
  costs: RuleCosts | undefined,
): FieldError[] {
  const walk: Walk = { options, errors: [], ruleErrors: [] };
  const rules = costs && { costs, name: "selfType", times: 1, uncorrelatable: undefined };
  visit(walk, schema, { path, isRoot: true, noDefaults: undefined, insideMeta: false, rules });
  return [...walk.errors, ...walk.ruleErrors];
}

function visit(walk: Walk, schema: JSONSchemaProps, place: Place): void {
  const { errors, options } = walk;
  const { path } = place;
  const start = errors.length;
  checkStandard(walk, schema, place);
  if (schema.uniqueItems === true) {
    const why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    errors.push(forbidden(path.child("uniqueItems"), why));
  }
  visitAdditional(walk, schema, place);
  visitProperties(walk, schema, place);
  visitAlternatives(walk, schema, place);
  visitNamed(walk, schema.definitions, "definitions", place);
  const { items } = schema;
  if (items !== undefined && !Array.isArray(items)) {
    const at = path.child("items");
    // Only elements of lists of type map can be told from one another.
    const apart = schema["x-kubernetes-list-type"] === "map" ? undefined : path;
    visit(walk, items, below(place, schema, at, ".@idx", apart));
  }
  visitNamed(walk, schema.dependencies, "dependencies", place);
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    errors.push(invalid(path.child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined"));
  errors.push(...checkListAndMapTypes(schema, path, options.requireAtomicSets));
  if (options.requireListKeys) errors.push(...checkListKeys(schema, path));
  const rules = schema["x-kubernetes-validations"] ?? [];
  const at = path.child("x-kubernetes-validations");
  for (const [index, rule] of rules.entries()) checkRuleForm(rule, schema, at.index(index), errors);
  if (rules.length === 0 || place.rules === undefined || errors.length > start) return;
  checkRulesOf(structuralOf(schema), at, place.isRoot, place.rules, walk.ruleErrors);
}

const never = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] as const;

/** What OpenAPI knows and custom resources may not use. */
function checkStandard({ errors, options }: Walk, schema: JSONSchemaProps, place: Place): void {
  const { path, noDefaults, insideMeta } = place;
  const { type = "" } = schema;
  if (options.requireValidTypes && type !== "" && !schemaTypes.includes(type))
    errors.push(notSupported(path.child("type"), type, schemaTypes));
  if (schema.default !== undefined && noDefaults !== undefined)
    errors.push(forbidden(path.child("default"), `must not be set ${noDefaults}`));
  for (const name of never) {
    const value = schema[name];
    const empty = typeof value === "object" && name !== "dependencies" && Object.keys(value).length === 0;
    const isSet = value !== undefined && (value !== "" || pointerFields.has(name));
    if (isSet && !(empty && name !== "additionalItems"))
      errors.push(forbidden(path.child(name), `${name} is not supported`));
  }
  if (type === "null")
    errors.push(forbidden(path.child("type"), "type cannot be set to null, use nullable as an alternative"));
  if (Array.isArray(schema.items) && schema.items.length > 0)
    errors.push(forbidden(path.child("items"), "items must be a schema object and not an array"));
  if (insideMeta && schema["x-kubernetes-embedded-resource"] === true)
    errors.push(forbidden(path.child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta"));
}

function visitAdditional(walk: Walk, schema: JSONSchemaProps, place: Place): void {
  const { additionalProperties, properties = {} } = schema;
  if (additionalProperties === undefined) return;
  const at = place.path.child("additionalProperties");
  if (Object.keys(properties).length > 0 && additionalProperties !== true)
    walk.errors.push(forbidden(at, "additionalProperties and properties are mutual exclusive"));
  if (typeof additionalProperties !== "object") return;
  const next = below(place, schema, at, ".@elem", undefined);
  // Pruning without the value at hand is ambiguous.
  const noDefaults = "inside additionalProperties applying to object metadata";
  visit(walk, additionalProperties, place.insideMeta ? { ...next, noDefaults } : next);
}

const metaFields = ["metadata", "kind", "apiVersion"];

function visitProperties(walk: Walk, schema: JSONSchemaProps, place: Place): void {
  const isObject = place.isRoot || schema["x-kubernetes-embedded-resource"] === true;
  const mapType = schema["x-kubernetes-map-type"] ?? "granular";
  const apart = mapType === "granular" || mapType === "atomic" ? undefined : place.path;
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const next = below(place, schema, place.path.child("properties").key(name), `.${name}`, apart);
    const isMeta = isObject && metaFields.includes(name);
    const noDefaults = isMeta && place.isRoot ? `in top-level ${name}` : next.noDefaults;
    visit(walk, child, { ...next, noDefaults, insideMeta: next.insideMeta || isMeta });
  }
}

function visitAlternatives(walk: Walk, schema: JSONSchemaProps, place: Place): void {
  const next = { ...place, isRoot: false, rules: undefined };
  if (schema.not !== undefined) visit(walk, schema.not, { ...next, path: place.path.child("not") });
  for (const name of ["allOf", "oneOf", "anyOf"] as const)
    for (const [index, one] of (schema[name] ?? []).entries())
      visit(walk, one, { ...next, path: place.path.child(name).index(index) });
}

/** Schemas that nothing refers to are refused, and looked at all the same. */
function visitNamed(
  walk: Walk,
  schemas: Readonly<Record<string, unknown>> | undefined,
  name: "definitions" | "dependencies",
  place: Place,
): void {
  for (const [key, schema] of Object.entries(schemas ?? {})) {
    if (typeof schema !== "object" || schema === null || Array.isArray(schema)) continue;
    const path = place.path.child(name).key(key);
    visit(walk, schema as JSONSchemaProps, { ...place, path, isRoot: false, rules: undefined });
  }
}

/** `apart`: the path of a schema whose parts cannot be told from one another; the outermost counts. */
function below(
  place: Place,
  schema: JSONSchemaProps,
  path: FieldPath,
  name: string,
  apart: FieldPath | undefined,
): Place {
  const { rules } = place;
  const own = multiplicity(schema);
  return {
    ...place,
    path,
    isRoot: false,
    rules: rules && {
      costs: rules.costs,
      name: rules.name + name,
      times: rules.times === undefined || own === undefined ? undefined : rules.times * own,
      uncorrelatable: rules.uncorrelatable ?? apart,
    },
  };
}

/** How many times over a place's children may be there; undefined when no schema bounds it. */
function multiplicity({ type, additionalProperties, maxItems, maxProperties }: JSONSchemaProps): number | undefined {
  const bound =
    type === "array" ? maxItems : type === "object" && additionalProperties !== undefined ? maxProperties : 1;
  return bound === undefined ? undefined : Math.max(0, bound);
}

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
const lineBreak = /[\n\r]/;

function checkRuleForm(rule: ValidationRule, schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  const { message = "", messageExpression = "", reason, fieldPath = "" } = rule;
  const text = rule.rule.trim();
  const said = message.trim();
  if (text === "") errors.push(required(path.child("rule"), "rule is not specified"));
  else if (message !== "" && said === "")
    errors.push(invalid(path.child("message"), message, "must be non-empty if specified"));
  else if (lineBreak.test(said)) errors.push(invalid(path.child("message"), message, "must not contain line breaks"));
  else if (lineBreak.test(text) && said === "")
    errors.push(required(path.child("message"), "message must be specified if rule contains line breaks"));
  if (messageExpression !== "" && messageExpression.trim() === "")
    errors.push(required(path.child("messageExpression"), "messageExpression must be non-empty if specified"));
  if (reason !== undefined && !reasons.includes(reason))
    errors.push(notSupported(path.child("reason"), reason, reasons));
  if (fieldPath === "") return;
  const at = path.child("fieldPath");
  if (fieldPath.trim() === "") errors.push(invalid(at, fieldPath, "must be non-empty if specified"));
  if (lineBreak.test(fieldPath)) errors.push(invalid(at, fieldPath, "must not contain line breaks"));
  if (!leadsSomewhere(fieldPath, schema)) errors.push(invalid(at, fieldPath, "must be a valid path"));
}

function leadsSomewhere(path: string, schema: JSONSchemaProps): boolean {
  try {
    findField(path, structuralOf(schema));
    return true;
  } catch {
    return false;
  }
}
