import { isStatusError, newForbidden, newInternalError } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { matchesRule, matchesRules } from "../matching/rules.ts";
import { matchesNamespace, matchesObject } from "../matching/selectors.ts";
import type { EquivalentVersions, Variant } from "./equivalents.ts";
import type { Hook, HookInputs } from "./hooks.ts";

/** In which form a webhook wants to see the request; `undefined` when it does not. Upstream: `ShouldCallHook`. */
export async function match(
  hook: Hook,
  attributes: AdmissionAttributes,
  inputs: HookInputs,
  type: "admit" | "validating",
): Promise<Variant | undefined> {
  const variant = variantFor(hook, attributes, inputs.equivalents);
  if (variant === undefined || !matchesObject(hook.objectSelector, attributes)) return undefined;
  if (!(await matchesNamespace(hook.namespaceSelector, attributes, inputs.objects))) return undefined;
  const { matchConditions = [] } = hook;
  if (matchConditions.length === 0) return variant;
  const { clock, metrics } = inputs;
  const startedMs = clock.monotonic();
  const evaluated = (result: "met" | "excluded" | "failed"): void =>
    metrics.conditions(hook.name, type, attributes, clock.monotonic() - startedMs, result);
  try {
    const met = await inputs.conditions(matchConditions, attributes, variant);
    evaluated(met ? "met" : "excluded");
    return met ? variant : undefined;
  } catch (error) {
    evaluated("failed");
    if (isStatusError(error)) throw error;
    if (hook.failurePolicy === "Ignore") return undefined;
    throw newForbidden(attributes.resource, attributes.name, messageOf(error));
  }
}

/** The request's own version first, then others of the same objects: the first rule that wants one decides. */
function variantFor(hook: Hook, attributes: AdmissionAttributes, equivalents: EquivalentVersions): Variant | undefined {
  const { rules = [] } = hook;
  if (matchesRules(rules, attributes)) return equivalents.same(attributes);
  if (hook.matchPolicy === "Exact") return undefined;
  const others = equivalents.others(attributes);
  for (const rule of rules) {
    const other = others.find(({ resource }) => matchesRule(rule, { ...attributes, resource }));
    if (other === undefined) continue;
    if (other.kind.kind !== "") return other;
    const { group, version, resource } = other.resource;
    throw newInternalError(`unable to convert to ${group}/${version}, Resource=${resource}: unknown kind`);
  }
  return undefined;
}
