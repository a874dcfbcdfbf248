import type { Authorizer } from "../../authz/contract.ts";
import type { AdmissionAttributes } from "../contract.ts";
import type { ConditionMatcher } from "../webhook/hooks.ts";
import { activation, AuthorizerGate } from "./activation.ts";
import { compileExpression, type Condition, meetsConditions } from "./expressions.ts";

const compiled = new WeakMap<object, readonly Condition[]>();

/** `matchConditions` of webhooks. Rejects with an `Error` when a condition fails and none is false. */
export function conditionMatcher(authorizer: Authorizer): ConditionMatcher {
  return async (conditions, attributes) => {
    let known = compiled.get(conditions);
    if (known === undefined) {
      known = conditions.map(({ name, expression }) => ({
        name,
        compiled: compileExpression(expression, { hasParams: false, wanted: ["bool", "dyn"] }),
      }));
      compiled.set(conditions, known);
    }
    const gate = new AuthorizerGate(authorizer, attributes);
    const bindings = activation({ ...own(attributes), gate }, undefined);
    const list = known;
    const { matches, problem } = await gate.run(() => meetsConditions(list, bindings));
    if (problem !== undefined) throw new Error(problem);
    return matches;
  };
}

function own(attributes: AdmissionAttributes) {
  const { kind, resource, object, oldObject } = attributes;
  const variant = { kind, resource, convert: <T>(value: T) => value, revert: <T>(value: T) => value };
  return { attributes, variant, object, oldObject, namespace: undefined, params: undefined };
}
