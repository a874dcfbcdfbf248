import type { Authorizer } from "../../authz/contract.ts";
import type { AdmissionAttributes } from "../contract.ts";
import type { Variant } from "../webhook/equivalents.ts";
import type { ConditionMatcher } from "../webhook/hooks.ts";
import { activation, AuthorizerGate } from "./activation.ts";
import { Budget, compileExpression, type Condition, meetsConditions } from "./expressions.ts";

const compiled = new WeakMap<object, readonly Condition[]>();

/** `matchConditions` of webhooks. Rejects with an `Error` when a condition fails and none is false. */
export function conditionMatcher(authorizer: Authorizer): ConditionMatcher {
  return async (conditions, attributes, variant) => {
    let known = compiled.get(conditions);
    if (known === undefined) {
      known = conditions.map(({ name, expression }) => ({
        name,
        compiled: compileExpression(expression, { hasParams: false, wanted: ["bool"] }),
      }));
      compiled.set(conditions, known);
    }
    const gate = new AuthorizerGate(authorizer, attributes);
    const bindings = activation({ ...(await inputsFor(attributes, variant)), gate }, undefined);
    const list = known;
    const { matches, problem } = await gate.run(() => meetsConditions(list, bindings, Budget.ofConditions()));
    if (problem !== undefined) throw new Error(problem);
    return matches;
  };
}

/** Expressions see the objects as the webhook would, and the resource that was asked for. Namespaces they do not see. */
async function inputsFor(attributes: AdmissionAttributes, { kind, convert, revert }: Variant) {
  const { resource, object, oldObject } = attributes;
  return {
    attributes,
    variant: { kind, resource, convert, revert },
    object: object === undefined ? undefined : await convert(object),
    oldObject: oldObject === undefined ? undefined : await convert(oldObject),
    namespace: undefined,
    params: undefined,
  };
}
