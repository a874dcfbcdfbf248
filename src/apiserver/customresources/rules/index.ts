import type { CustomResourceDefinitionVersion } from "../../../api/index.ts";
import type { FieldError, KubeObject } from "../../../apimachinery/index.ts";
import type { RuleChecker } from "../rules.ts";
import { structuralOf } from "../schema/structural.ts";
import { checkRules } from "./check.ts";
import { type RuleNode, ruleTree } from "./rule-tree.ts";

export { checkRuleDefinitions } from "./definition-check.ts";

/** The rules of a version, compiled when the first object of it is checked. */
export function rulesOf(version: CustomResourceDefinitionVersion): RuleChecker | undefined {
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined || !JSON.stringify(schema).includes('"x-kubernetes-validations"')) return undefined;
  let tree: RuleNode | undefined;
  let compiled = false;
  return {
    check(object: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
      if (!compiled) {
        tree = ruleTree(structuralOf({ ...schema, type: "object" }), true);
        compiled = true;
      }
      return tree === undefined ? [] : checkRules(tree, object, old, old !== undefined);
    },
  };
}
