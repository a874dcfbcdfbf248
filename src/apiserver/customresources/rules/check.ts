import type { ValidationRule } from "../../../api/index.ts";
import {
  type Bindings,
  CelCostError,
  CelError,
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  Optional,
  required,
  semanticEqual,
  type Value,
  valueOf,
} from "../../../apimachinery/index.ts";
import type { Structural } from "../schema/structural.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import type { RuleNode } from "./rule-tree.ts";

/** Units that the rules of one object may cost together. Upstream: `RuntimeCELCostBudget`. */
const budgetUnits = 10_000_000;
const messageBytesMax = 5 * 1024;

type Json = Readonly<Record<string, unknown>>;

/** The state of one check: what is left to spend, and what was found. */
class Check {
  readonly errors: FieldError[] = [];
  #left = budgetUnits;
  stopped = false;

  spend(cost: number): boolean {
    this.#left -= cost;
    return this.#left >= 0;
  }
}

/** Runs the rules of a schema on an object. `hasOld`: there is an old state, of which `old` is this part, if it can be told. */
export function checkRules(root: RuleNode, object: unknown, old: unknown, hasOld: boolean): readonly FieldError[] {
  const check = new Check();
  walk(check, root, "", object, hasOld ? old : undefined);
  return check.errors;
}

function walk(check: Check, node: RuleNode, path: string, value: unknown, old: unknown): void {
  if (check.stopped || value === undefined || value === null) return;
  if (node.rules.length > 0) {
    const self = valueOf(value, node.type);
    const oldSelf = old === undefined || old === null ? undefined : valueOf(old, node.type);
    for (const rule of node.rules) {
      runRule(check, node, rule, { path, value, old, self, oldSelf });
      if (check.stopped) return;
    }
  }
  if (Array.isArray(value)) walkItems(check, node, path, value, old);
  else if (typeof value === "object") walkFields(check, node, path, value as Json, old);
}

function walkItems(check: Check, node: RuleNode, path: string, items: readonly unknown[], old: unknown): void {
  if (node.items === undefined) return;
  const find = correlation(node.structural, old);
  for (const [index, item] of items.entries()) walk(check, node.items, `${path}[${index}]`, item, find(item));
}

/** Only elements of lists of type map can be told from one another. */
function correlation({ props }: Structural, old: unknown): (item: unknown) => unknown {
  if (props["x-kubernetes-list-type"] !== "map" || !Array.isArray(old)) return () => undefined;
  const keys = props["x-kubernetes-list-map-keys"] ?? [];
  const keyOf = (item: unknown) => JSON.stringify(keys.map((key) => (item as Json | null)?.[key] ?? null));
  const known = new Map(old.map((item: unknown) => [keyOf(item), item]));
  return (item) => known.get(keyOf(item));
}

function walkFields(check: Check, node: RuleNode, path: string, value: Json, old: unknown): void {
  const before = typeof old === "object" && old !== null && !Array.isArray(old) ? (old as Json) : undefined;
  for (const [name, child] of node.properties) {
    if (Object.hasOwn(value, name)) walk(check, child, join(path, name), value[name], before?.[name]);
  }
  if (node.additional === undefined) return;
  for (const [name, item] of Object.entries(value)) {
    if (!node.properties.has(name)) walk(check, node.additional, `${path}[${name}]`, item, before?.[name]);
  }
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

interface Place {
  readonly path: string;
  readonly value: unknown;
  readonly old: unknown;
  readonly self: Value;
  readonly oldSelf: Value | undefined;
}

function runRule(check: Check, node: RuleNode, compiled: CompiledRule, place: Place): void {
  const { rule, isTransition, program } = compiled;
  const optional = rule.optionalOldSelf === true;
  if (isTransition && !optional && place.oldSelf === undefined) return;
  const type = node.structural.type;
  if (program === undefined) {
    check.errors.push(invalid(place.path, type, `rule compile error: ${compiled.problem ?? ""}`));
    return;
  }
  const oldSelf = optional
    ? place.oldSelf === undefined
      ? Optional.none
      : new Optional(place.oldSelf)
    : place.oldSelf;
  const bindings: Bindings = (name) => (name === "self" ? place.self : name === "oldSelf" ? oldSelf : undefined);
  try {
    const { value, cost } = program.evaluate(bindings);
    if (!check.spend(cost)) return stop(check, place.path, type);
    if (value === true) return;
  } catch (error) {
    if (!(error instanceof CelError) && !(error instanceof CelCostError)) throw error;
    check.errors.push(invalid(place.path, type, evaluationProblem(error, rule)));
    if (error instanceof CelCostError) check.stopped = true;
    return;
  }
  // Upstream's ratcheting: what has not changed does not stand in the way of an update.
  if (!isTransition && place.old !== undefined && semanticEqual(place.value, place.old)) return;
  check.errors.push(failure(place.path, type, rule, messageOf(check, compiled, bindings)));
}

function stop(check: Check, path: string, type: string): void {
  const why = "validation failed due to running out of cost budget, no further validation rules will be run";
  check.errors.push(invalid(path, type, why));
  check.stopped = true;
}

function ruleText({ message, rule }: ValidationRule): string {
  return (message ?? "") === "" ? rule.trim() : (message ?? "").trim();
}

function evaluationProblem(error: CelError | CelCostError, rule: ValidationRule): string {
  if (error instanceof CelCostError) {
    return `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`;
  }
  if (error.message.startsWith("no such overload")) {
    return `'no such overload': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`;
  }
  return `${error.message} evaluating rule: ${ruleText(rule)}`;
}

/** The message expression's, else the message, else the rule itself. */
function messageOf(check: Check, { rule, message }: CompiledRule, bindings: Bindings): string {
  const otherwise = (rule.message ?? "") === "" ? `failed rule: ${ruleText(rule)}` : ruleText(rule);
  if (message === undefined) return otherwise;
  try {
    const { value, cost } = message.evaluate(bindings);
    if (!check.spend(cost) || typeof value !== "string") return otherwise;
    const text = value.trim();
    return text === "" || text.includes("\n") || Buffer.byteLength(text) > messageBytesMax ? otherwise : text;
  } catch (error) {
    if (error instanceof CelError || error instanceof CelCostError) return otherwise;
    throw error;
  }
}

function failure(place: string, type: string, rule: ValidationRule, message: string): FieldError {
  const path = place + relative(rule.fieldPath ?? "", place);
  const field = path === "" ? "<nil>" : path;
  switch (rule.reason) {
    case "FieldValueForbidden":
      return forbidden(field, message);
    case "FieldValueRequired":
      return required(field, message);
    case "FieldValueDuplicate":
      return { ...duplicate(field, type), detail: message };
    default:
      return invalid(field, type, message);
  }
}

function relative(fieldPath: string, place: string): string {
  const path = fieldPath.replace(/\['((?:[^'\\]|\\.)*)'\]/g, (_, name: string) => `.${name.replace(/\\(.)/g, "$1")}`);
  return place === "" ? path.replace(/^\./, "") : path;
}
