import type { MatchResources, NamedRuleWithOperations } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { matchesRules } from "../matching/rules.ts";
import { matchesNamespace, matchesObject } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import type { EquivalentVersions, Variant } from "../webhook/equivalents.ts";

type Rules = readonly NamedRuleWithOperations[] | undefined;

export interface MatchInputs {
  readonly objects: ClusterObjects;
  readonly equivalents: EquivalentVersions;
}

/** The version in which constraints match a request; undefined when they do not. Upstream: `matching.Matcher`. */
export async function matchResources(
  constraints: MatchResources | undefined,
  attributes: AdmissionAttributes,
  { objects, equivalents }: MatchInputs,
): Promise<Variant | undefined> {
  if (constraints === undefined) return equivalents.same(attributes);
  if (!matchesObject(constraints.objectSelector, attributes)) return undefined;
  const exact = constraints.matchPolicy === "Exact";
  if (matchRules(constraints.excludeResourceRules, attributes, exact, equivalents) !== undefined) return undefined;
  const { resourceRules } = constraints;
  const variant =
    resourceRules === undefined || resourceRules.length === 0
      ? equivalents.same(attributes)
      : matchRules(resourceRules, attributes, exact, equivalents);
  if (variant === undefined) return undefined;
  return (await matchesNamespace(constraints.namespaceSelector, attributes, objects)) ? variant : undefined;
}

function matchRules(
  rules: Rules,
  attributes: AdmissionAttributes,
  exact: boolean,
  equivalents: EquivalentVersions,
): Variant | undefined {
  const named = (rules ?? []).filter((rule) => hasName(rule, attributes));
  if (named.length === 0) return undefined;
  const full = named.map((rule) => ({ scope: "*" as const, ...rule }));
  if (matchesRules(full, attributes)) return equivalents.same(attributes);
  if (exact) return undefined;
  return equivalents.others(attributes).find(({ resource }) => matchesRules(full, { ...attributes, resource }));
}

function hasName({ resourceNames }: NamedRuleWithOperations, { name, object }: AdmissionAttributes): boolean {
  if (resourceNames === undefined || resourceNames.length === 0) return true;
  return resourceNames.includes(name === "" ? (object?.metadata.name ?? "") : name);
}

/** Policies do not judge policies, so that a bad one can be taken back. */
export function isPolicyResource({ group, resource }: { readonly group: string; readonly resource: string }): boolean {
  return (
    group === "admissionregistration.k8s.io" && /^(validating|mutating)admissionpolic(ies|ybindings)$/.test(resource)
  );
}
