import type { CustomResourceDefinitionVersion } from "../../../api/index.ts";
import type { FieldError, KubeObject } from "../../../apimachinery/index.ts";
import type { Before, RuleChecker } from "../rules.ts";
import { structuralOf } from "../schema/structural.ts";
import { checkRules, checkValueRules } from "./check.ts";
import { type RuleNode, ruleTree } from "./rule-tree.ts";

export { checkRulesOf, RuleCosts, type RulePlace } from "./definition-check.ts";
export { checkValueRules, ruleTree };

/** The rules of a version, compiled when the first object of it is checked. */
export function rulesOf(version: CustomResourceDefinitionVersion): RuleChecker | undefined {
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined || !JSON.stringify(schema).includes('"x-kubernetes-validations"')) return undefined;
  let tree: RuleNode | undefined;
  let compiled = false;
  return {
    check(object: KubeObject, before: Before | undefined): readonly FieldError[] {
      if (!compiled) {
        tree = ruleTree(structuralOf({ ...schema, type: "object" }), true);
        compiled = true;
      }
      return tree === undefined ? [] : checkRules(tree, object, before);
    },
  };
}
