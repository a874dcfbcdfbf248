import type { ValidationRule } from "../../../api/index.ts";
import { type FieldError, type FieldPath, forbidden, internal, invalid } from "../../../apimachinery/index.ts";
import { shownRule } from "../definition/go-json.ts";
import type { Structural } from "../schema/structural.ts";
import { celTypeOf, unboundedCardinality } from "./cel-types.ts";
import { type CompiledRule, compileRule } from "./compiled-rule.ts";

/** Upstream: `StaticEstimatedCostLimit` and `StaticEstimatedCRDCostLimit`, units. */
const ruleCostMax = 10_000_000;
const schemaCostMax = 100_000_000;
const expensiveMax = 4;

/** What the rules of one schema may cost together. */
export class RuleCosts {
  readonly #suppressed: boolean;
  #total = 0;
  #expensive: { readonly path: string; readonly cost: number }[] = [];

  /** `suppressed`: the schema is stored already, and what a single rule costs is not asked again. */
  constructor(suppressed: boolean) {
    this.#suppressed = suppressed;
  }

  charge(cost: number, path: FieldPath, what: string, errors: FieldError[]): void {
    if (!this.#suppressed && cost > ruleCostMax) errors.push(forbidden(path, tooExpensive(what, cost, ruleCostMax)));
    this.#total += cost;
    if (cost < schemaCostMax / 100) return;
    this.#expensive = [...this.#expensive, { path: path.toString(), cost }]
      .toSorted((a, b) => b.cost - a.cost)
      .slice(0, expensiveMax);
  }

  errors(path: FieldPath): FieldError[] {
    if (this.#total <= schemaCostMax) return [];
    const share = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
    return [
      ...this.#expensive.map((one) => forbidden(one.path, share)),
      forbidden(path, tooExpensive(what, this.#total, schemaCostMax)),
    ];
  }
}

/** Where rules stand. */
export interface RulePlace {
  readonly costs: RuleCosts;
  readonly name: string;
  /** How often the place may be there; undefined: nobody knows. */
  readonly times: number | undefined;
  /** The outermost place around whose parts cannot be told from one another, if there is one. */
  readonly uncorrelatable: FieldPath | undefined;
}

/** Compiles the rules of one level of a schema, and reckons what they may cost. */
export function checkRulesOf(
  structural: Structural,
  path: FieldPath,
  isRoot: boolean,
  place: RulePlace,
  errors: FieldError[],
): void {
  const type = celTypeOf(structural, place.name, isRoot || structural.embedded);
  if (type === undefined) {
    const why = "unable to convert structural schema to CEL declarations";
    const failed = "internal error: failed to construct type information for x-kubernetes-validations rules";
    errors.push(internal(path, `${failed}: ${why}`));
    return;
  }
  const times = place.times ?? unboundedCardinality(structural);
  for (const [index, rule] of (structural.props["x-kubernetes-validations"] ?? []).entries())
    checkRule(rule, compileRule(rule, type, structural), path.index(index), { ...place, times }, errors);
}

function checkRule(
  rule: ValidationRule,
  compiled: CompiledRule,
  path: FieldPath,
  place: RulePlace & { readonly times: number },
  errors: FieldError[],
): void {
  const { costs, times, uncorrelatable } = place;
  const { program, message, problem, messageProblem } = compiled;
  costs.charge((program?.estimatedCost ?? 0) * times, path.child("rule"), "estimated rule cost", errors);
  if (problem !== undefined) errors.push(invalid(path.child("rule"), shownRule(rule), problem));
  const messagePath = path.child("messageExpression");
  if (messageProblem !== undefined) errors.push(invalid(messagePath, shownRule(rule), messageProblem));
  else if (message !== undefined)
    costs.charge(message.estimatedCost, messagePath, "estimated messageExpression cost", errors);
  if (compiled.isTransition && uncorrelatable !== undefined) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable.toString()}`;
    errors.push(invalid(path.child("rule"), rule.rule, why));
  } else if (!compiled.isTransition && rule.optionalOldSelf !== undefined) {
    const why = "may not be set if oldSelf is not used in rule";
    errors.push(invalid(path.child("optionalOldSelf"), rule.optionalOldSelf, why));
  }
}

function tooExpensive(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const text = factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${text} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
