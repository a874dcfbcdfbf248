import type { CustomResourceDefinitionVersion } from "../../../api/index.ts";
import type { FieldError, KubeObject } from "../../../apimachinery/index.ts";
import type { Clock } from "../../../base/index.ts";
import type { Before, RuleChecker } from "../rules.ts";
import { structuralOf } from "../schema/structural.ts";
import { checkRules, checkValueRules } from "./check.ts";
import { type RuleTimes, ruleTimes, timed } from "./cost-metrics.ts";
import { type RuleNode, ruleTree } from "./rule-tree.ts";

export { checkRulesOf, RuleCosts, type RulePlace } from "./definition-check.ts";
export { checkValueRules, type RuleTimes, ruleTimes, ruleTree };

/** The rules of a version, compiled when the first object of it is checked. */
export function rulesOf(
  version: CustomResourceDefinitionVersion,
  observed?: { readonly clock: Clock; readonly times: RuleTimes },
): RuleChecker | undefined {
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined || !JSON.stringify(schema).includes('"x-kubernetes-validations"')) return undefined;
  let tree: RuleNode | undefined;
  let compiled = false;
  return {
    check(object: KubeObject, before: Before | undefined): readonly FieldError[] {
      if (!compiled) {
        const compile = () => ruleTree(structuralOf({ ...schema, type: "object" }), true);
        tree = observed === undefined ? compile() : timed(observed.clock, observed.times.compiled, compile);
        compiled = true;
      }
      const known = tree;
      if (known === undefined) return [];
      const check = () => checkRules(known, object, before);
      return observed === undefined ? check() : timed(observed.clock, observed.times.evaluated, check);
    },
  };
}
