import type { JSONSchemaProps, ValidationRule } from "../../../api/index.ts";
import {
  type FieldError,
  type FieldPath,
  forbidden,
  GoSyntax,
  invalid,
  mentionsVariable,
  notSupported,
  quote,
  required,
} from "../../../apimachinery/index.ts";
import { type Structural, structuralOf } from "../schema/structural.ts";
import { celTypeOf, multiplicity, unboundedCardinality } from "./cel-types.ts";
import { compileRule } from "./compiled-rule.ts";

/** Upstream: `StaticEstimatedCostLimit` and `StaticEstimatedCRDCostLimit`, units. */
const ruleCostMax = 10_000_000;
const schemaCostMax = 100_000_000;
const reasons = ["FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate"];

interface Walk {
  readonly errors: FieldError[];
  total: number;
}

interface Place {
  readonly path: FieldPath;
  readonly name: string;
  /** How often the place may be there; undefined: nobody knows. */
  readonly cardinality: number | undefined;
  /** The list in which elements cannot be told apart, if the place is within one. */
  readonly uncorrelatable: FieldPath | undefined;
}

/** Checks every rule of a structural schema: its form, whether it compiles, and what it may cost. */
export function checkRuleDefinitions(schema: JSONSchemaProps, path: FieldPath, errors: FieldError[]): void {
  const walk: Walk = { errors, total: 0 };
  const place = { path, name: "selfType", cardinality: 1, uncorrelatable: undefined };
  visit(walk, structuralOf({ ...schema, type: schema.type ?? "object" }), place, true);
  if (walk.total > schemaCostMax) {
    const what = "estimated rule & messageExpression cost total for entire OpenAPIv3 schema";
    errors.push(forbidden(path, tooExpensive(what, walk.total, schemaCostMax)));
  }
}

function visit(walk: Walk, node: Structural, place: Place, isRoot: boolean): void {
  const rules = node.props["x-kubernetes-validations"] ?? [];
  if (rules.length > 0) checkPlace(walk, node, rules, place, isRoot);
  const own = multiplicity(node);
  const cardinality = own === undefined || place.cardinality === undefined ? undefined : place.cardinality * own;
  const below = { ...place, cardinality };
  for (const [name, child] of node.properties) {
    const at = { ...below, path: place.path.child("properties").key(name), name: `${place.name}.${name}` };
    visit(walk, child, at, child.embedded);
  }
  if (typeof node.additional === "object") {
    const at = { ...below, path: place.path.child("additionalProperties"), name: `${place.name}.@elem` };
    visit(walk, node.additional, at, node.additional.embedded);
  }
  if (node.items === undefined) return;
  const path = place.path.child("items");
  const isMap = node.props["x-kubernetes-list-type"] === "map";
  const uncorrelatable = place.uncorrelatable ?? (isMap ? undefined : place.path);
  visit(walk, node.items, { ...below, path, name: `${place.name}.@idx`, uncorrelatable }, node.items.embedded);
}

function checkPlace(
  walk: Walk,
  node: Structural,
  rules: readonly ValidationRule[],
  place: Place,
  isRoot: boolean,
): void {
  const path = place.path.child("x-kubernetes-validations");
  const type = celTypeOf(node, place.name, isRoot);
  for (const [index, rule] of rules.entries()) {
    const at = path.index(index);
    checkForm(rule, at, place, walk.errors);
    if (type === undefined || rule.rule.trim() === "") continue;
    const compiled = compileRule(rule, type);
    if (compiled.problem !== undefined) walk.errors.push(invalid(at.child("rule"), shown(rule), compiled.problem));
    if (compiled.messageProblem !== undefined)
      walk.errors.push(invalid(at.child("messageExpression"), shown(rule), compiled.messageProblem));
    if (rule.optionalOldSelf !== undefined && !compiled.isTransition && compiled.problem === undefined)
      walk.errors.push(
        invalid(at.child("optionalOldSelf"), rule.optionalOldSelf, "may not be set if oldSelf is not used in rule"),
      );
    const times = place.cardinality ?? unboundedCardinality(node);
    charge(walk, compiled.program?.estimatedCost, times, at.child("rule"), "estimated rule cost");
    charge(
      walk,
      compiled.message?.estimatedCost,
      times,
      at.child("messageExpression"),
      "estimated messageExpression cost",
    );
  }
}

function charge(walk: Walk, cost: number | undefined, times: number, path: FieldPath, what: string): void {
  if (cost === undefined) return;
  const total = cost * Math.max(1, times);
  walk.total += total;
  if (total > ruleCostMax) walk.errors.push(forbidden(path, tooExpensive(what, total, ruleCostMax)));
}

function tooExpensive(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const text = factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${text} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function checkForm(rule: ValidationRule, path: FieldPath, place: Place, errors: FieldError[]): void {
  const { rule: text, message, messageExpression, reason, fieldPath } = rule;
  if (text.trim() === "") errors.push(required(path.child("rule"), "rule is not specified"));
  if (message !== undefined && message !== "" && message.trim() === "")
    errors.push(invalid(path.child("message"), message, "message must be non-empty if specified"));
  else if (message?.trim().includes("\n") === true)
    errors.push(invalid(path.child("message"), message, "message must not contain line breaks"));
  else if (text.includes("\n") && (message ?? "") === "")
    errors.push(required(path.child("message"), "message must be specified if rule contains line breaks"));
  if (messageExpression !== undefined && messageExpression !== "" && messageExpression.trim() === "")
    errors.push(required(path.child("messageExpression"), "messageExpression must be non-empty if specified"));
  if (reason !== undefined && !reasons.includes(reason))
    errors.push(notSupported(path.child("reason"), reason, reasons.toSorted()));
  if (fieldPath !== undefined && fieldPath !== "" && !/^(\.[^.[\]\s]+|\['(?:[^'\\]|\\.)+'\])+$/.test(fieldPath))
    errors.push(invalid(path.child("fieldPath"), fieldPath, "fieldPath must be a valid path"));
  const { uncorrelatable } = place;
  if (uncorrelatable === undefined || rule.optionalOldSelf === true || !mentionsVariable(text, "oldSelf")) return;
  errors.push(
    invalid(
      path.child("rule"),
      text,
      `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable.toString()}`,
    ),
  );
}

/** As Go's `%#v` prints the internal type. */
function shown(rule: ValidationRule): GoSyntax {
  const texts = `Rule:${quote(rule.rule)}, Message:${quote(rule.message ?? "")}, MessageExpression:${quote(rule.messageExpression ?? "")}`;
  const path = `FieldPath:${quote(rule.fieldPath ?? "")}`;
  return new GoSyntax(
    `apiextensions.ValidationRule{${texts}, Reason:(*apiextensions.FieldValueErrorReason)(nil), ${path}, OptionalOldSelf:(*bool)(nil)}`,
  );
}
