import type { CelType } from "../../../apimachinery/index.ts";
import type { Structural } from "../schema/structural.ts";
import { celTypeOf } from "./cel-types.ts";
import { type CompiledRule, compileRule } from "./compiled-rule.ts";

/** Where rules stand in a schema; places without rules at or below them are left out. */
export interface RuleNode {
  readonly structural: Structural;
  readonly type: CelType;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional: RuleNode | undefined;
  readonly items: RuleNode | undefined;
}

/** Compiles all rules of a schema; undefined when it has none. */
export function ruleTree(structural: Structural, isRoot: boolean, name = "selfType"): RuleNode | undefined {
  const own = structural.props["x-kubernetes-validations"] ?? [];
  const properties = new Map<string, RuleNode>();
  for (const [property, child] of structural.properties) {
    const node = ruleTree(child, child.embedded, `${name}.${property}`);
    if (node !== undefined) properties.set(property, node);
  }
  const additional =
    typeof structural.additional === "object"
      ? ruleTree(structural.additional, structural.additional.embedded, `${name}.@elem`)
      : undefined;
  const items =
    structural.items === undefined ? undefined : ruleTree(structural.items, structural.items.embedded, `${name}.@idx`);
  if (own.length === 0 && properties.size === 0 && additional === undefined && items === undefined) return undefined;
  const type = celTypeOf(structural, name, isRoot);
  return {
    structural,
    type: type ?? { kind: "dyn" },
    rules: type === undefined ? [] : own.map((rule) => compileRule(rule, type, structural)),
    properties,
    additional,
    items,
  };
}
