import type { ValidationRule } from "../../../api/index.ts";
import {
  type Bindings,
  CelCostError,
  CelError,
  type CelProgram,
  duplicate,
  type FieldError,
  fieldErrorMessage,
  forbidden,
  invalid,
  type KubeObject,
  omittedValue,
  Optional,
  quote,
  required,
  type Value,
  valueOf,
} from "../../../apimachinery/index.ts";
import type { Before } from "../rules.ts";
import { byKeys, type Correlation, keyOf } from "../schema/correlation.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import type { RuleNode } from "./rule-tree.ts";

/** Units that the rules of one object may cost together. Upstream: `RuntimeCELCostBudget`. */
const budgetUnits = 10_000_000;
const messageBytesMax = 5 * 1024;

type Json = Readonly<Record<string, unknown>>;

/** The state of one check: what is left to spend, and what was found. */
class Check {
  readonly errors: FieldError[] = [];
  readonly #warn: (text: string) => void;
  #left: number;
  stopped = false;

  constructor(warn: (text: string) => void, units: number) {
    this.#warn = warn;
    this.#left = units;
  }

  get exhausted(): boolean {
    return this.#left <= 0;
  }

  /** False: there is not as much left. */
  spend(cost: number): boolean {
    if (cost > this.#left) return false;
    this.#left -= cost;
    return true;
  }

  stop(error: FieldError): void {
    this.errors.push(error);
    this.stopped = true;
  }

  fail(error: FieldError, ratcheted: boolean): void {
    if (ratcheted) this.#warn(fieldErrorMessage(error));
    else this.errors.push(error);
  }
}

/** What a place corresponds to in the old object; where it cannot be told, what its nearest ancestor corresponds to. */
interface Ratchet {
  readonly current?: Correlation | undefined;
  readonly nearest?: Correlation | undefined;
}

function fieldRatchet(ratchet: Ratchet, name: string): Ratchet {
  const { current, nearest } = ratchet;
  if (current === undefined) return ratchet;
  // Of the kind and version the old ones cannot be seen: both were converted.
  if (nearest === undefined && (name === "apiVersion" || name === "kind")) return {};
  return { current: current.field(name), nearest: current };
}

function elementRatchet(ratchet: Ratchet, index: number): Ratchet {
  const { current } = ratchet;
  return current === undefined ? ratchet : { current: current.element(index), nearest: current };
}

/** A value and what it replaces, if that can be told. */
interface Pair {
  readonly path: string;
  readonly value: unknown;
  readonly old: unknown;
  readonly ratchet: Ratchet;
}

/** Runs the rules of a schema on an object; on updates also those that compare it with what was before. */
export function checkRules(root: RuleNode, object: KubeObject, before: Before | undefined): readonly FieldError[] {
  const check = new Check(before?.warn ?? (() => undefined), budgetUnits);
  walk(check, root, { path: "", value: object, old: before?.old, ratchet: { current: before?.correlation } });
  return check.errors;
}

/** Runs the rules on a value that stands alone: a default. */
export function checkValueRules(root: RuleNode, path: string, value: unknown, old: unknown): readonly FieldError[] {
  const check = new Check(() => undefined, budgetUnits);
  walk(check, root, { path, value, old, ratchet: {} });
  return check.errors;
}

function walk(check: Check, node: RuleNode, pair: Pair): void {
  const { value } = pair;
  if (check.stopped || value === undefined || value === null) return;
  if (node.rules.length > 0) runRules(check, node, pair);
  if (check.stopped) return;
  if (Array.isArray(value)) walkItems(check, node, pair, value);
  else if (typeof value === "object") walkFields(check, node, pair, value as Json);
}

function walkItems(check: Check, node: RuleNode, { path, old, ratchet }: Pair, items: readonly unknown[]): void {
  if (node.items === undefined) return;
  const { listType, listKeys } = node.structural;
  // Only elements of lists of type map can be told from one another.
  const known = listType === "map" && Array.isArray(old) ? byKeys(old, listKeys) : undefined;
  for (const [index, value] of items.entries()) {
    const before = known?.get(keyOf(value, listKeys));
    const below = { path: `${path}[${index}]`, value, old: before, ratchet: elementRatchet(ratchet, index) };
    walk(check, node.items, below);
  }
}

function walkFields(check: Check, node: RuleNode, { path, old, ratchet }: Pair, fields: Json): void {
  const before = typeof old === "object" && old !== null && !Array.isArray(old) ? (old as Json) : undefined;
  const below = (name: string, at: string): Pair => ({
    path: at,
    value: fields[name],
    old: before?.[name],
    ratchet: fieldRatchet(ratchet, name),
  });
  if (node.additional !== undefined)
    for (const name of Object.keys(fields)) walk(check, node.additional, below(name, `${path}[${name}]`));
  for (const [name, child] of node.properties)
    if (Object.hasOwn(fields, name)) walk(check, child, below(name, join(path, name)));
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

const shown = (path: string): string => (path === "" ? "<nil>" : path);

function runRules(check: Check, node: RuleNode, pair: Pair): void {
  const { type } = node.structural;
  if (check.exhausted) return check.stop(invalid(shown(pair.path), type, outOfBudget));
  const { value, old, path, ratchet } = pair;
  const self = valueOf(value, node.type);
  const oldSelf = old === undefined || old === null ? undefined : valueOf(old, node.type);
  for (const rule of node.rules) {
    runRule(check, rule, { path, type, value, self, oldSelf, ratchet });
    if (check.stopped) return;
  }
}

interface Place {
  readonly path: string;
  readonly type: string;
  readonly value: unknown;
  readonly self: Value;
  readonly oldSelf: Value | undefined;
  readonly ratchet: Ratchet;
}

function runRule(check: Check, compiled: CompiledRule, place: Place): void {
  const { rule, isTransition, program } = compiled;
  const optional = rule.optionalOldSelf === true;
  if (isTransition && !optional && place.oldSelf === undefined) return;
  const at = shown(place.path);
  if (program === undefined) {
    check.errors.push(invalid(at, place.type, `rule compile error: ${compiled.problem ?? ""}`));
    return;
  }
  const { outcome, cost } = program.attempt(bindingsOf(place, optional));
  if (!check.spend(cost)) return check.stop(invalid(at, place.type, outOfBudget));
  if (outcome === true) return;
  if (outcome instanceof CelError || outcome instanceof CelCostError) {
    const problem = invalid(at, place.type, evaluationProblem(outcome, rule));
    if (outcome instanceof CelCostError) check.stop(problem);
    else check.errors.push(problem);
    return;
  }
  const { current, nearest } = place.ratchet;
  // Upstream's ratcheting: what has not changed does not stand in the way of an update.
  const ratcheted = !isTransition && (current ?? nearest)?.unchanged === true;
  // Upstream gives messages the old value itself, even where it is optional to the rule.
  report(check, compiled, place, bindingsOf(place, false), ratcheted);
}

function bindingsOf({ self, oldSelf }: Place, optional: boolean): Bindings {
  const before = optional ? (oldSelf === undefined ? Optional.none : new Optional(oldSelf)) : oldSelf;
  return (name) => (name === "self" ? self : name === "oldSelf" ? before : undefined);
}

const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

function ruleText({ message, rule }: ValidationRule): string {
  return (message ?? "") === "" ? rule.trim() : (message ?? "").trim();
}

function evaluationProblem(error: CelError | CelCostError, rule: ValidationRule): string {
  if (error instanceof CelCostError) {
    return `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`;
  }
  if (error.message.startsWith("no such overload")) {
    return `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`;
  }
  return `${error.message} evaluating rule: ${ruleText(rule)}`;
}

function report(check: Check, compiled: CompiledRule, place: Place, bindings: Bindings, ratcheted: boolean): void {
  const { rule, message } = compiled;
  const at = shown(compiled.fieldPath === "" ? place.path : join(place.path, compiled.fieldPath));
  const said = message === undefined ? undefined : messageOf(check, rule, message, bindings);
  if (typeof said === "object") {
    check.fail(invalid(at, place.type, said.problem), ratcheted);
    check.stopped = true;
    return;
  }
  const isWhole = place.type === "object" || place.type === "array";
  const value = isWhole ? omittedValue : place.value;
  check.fail(failure(rule, at, value, said ?? defaultMessage(rule)), ratcheted);
}

function defaultMessage(rule: ValidationRule): string {
  return (rule.message ?? "") === "" ? `failed rule: ${ruleText(rule)}` : ruleText(rule);
}

/** What the message expression says; undefined when nothing fit to be said; a problem when it costs too much. */
function messageOf(
  check: Check,
  { messageExpression }: ValidationRule,
  message: CelProgram,
  bindings: Bindings,
): string | { readonly problem: string } | undefined {
  const { outcome, cost } = message.attempt(bindings);
  if (!check.spend(cost)) {
    const why = "running out of cost budget, no further validation rules will be run";
    return { problem: `messageExpression evaluation failed due to ${why}` };
  }
  if (outcome instanceof CelCostError) {
    const why = `call cost exceeds limit for messageExpression: ${quote(messageExpression ?? "")}`;
    return { problem: `no further validation rules will be run due to ${why}` };
  }
  if (typeof outcome !== "string") return undefined;
  const text = outcome.trim();
  return text === "" || text.includes("\n") || Buffer.byteLength(text) > messageBytesMax ? undefined : text;
}

function failure(rule: ValidationRule, field: string, value: unknown, message: string): FieldError {
  switch (rule.reason) {
    case "FieldValueForbidden":
      return forbidden(field, message);
    case "FieldValueRequired":
      return required(field, message);
    case "FieldValueDuplicate":
      return duplicate(field, value);
    default:
      return invalid(field, value, message);
  }
}
