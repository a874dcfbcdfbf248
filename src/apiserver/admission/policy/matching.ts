import { isStatusError } from "../../../apimachinery/index.ts";
import type { MatchResources, NamedRuleWithOperations } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { matchesRule } from "../matching/rules.ts";
import { matchesNamespace, matchesObject } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import type { EquivalentVersions, Variant } from "../webhook/equivalents.ts";
import { ConfigurationError } from "./params.ts";

type Rules = readonly NamedRuleWithOperations[] | undefined;

export interface MatchInputs {
  readonly objects: ClusterObjects;
  readonly equivalents: EquivalentVersions;
}

/**
 * The version in which constraints match a request; undefined when they do not. Throws `ConfigurationError` where that
 * cannot be said. Upstream: `matching.Matcher`.
 */
export async function matchResources(
  constraints: MatchResources | undefined,
  attributes: AdmissionAttributes,
  { objects, equivalents }: MatchInputs,
): Promise<Variant | undefined> {
  if (constraints === undefined) return equivalents.same(attributes);
  if (!matchesObject(constraints.objectSelector, attributes)) return undefined;
  const exact = constraints.matchPolicy === "Exact";
  if (matchRules(constraints.excludeResourceRules, attributes, exact, equivalents) !== undefined) return undefined;
  const { resourceRules = [] } = constraints;
  const variant =
    resourceRules.length === 0
      ? equivalents.same(attributes)
      : matchRules(resourceRules, attributes, exact, equivalents);
  if (variant === undefined) return undefined;
  try {
    return (await matchesNamespace(constraints.namespaceSelector, attributes, objects)) ? variant : undefined;
  } catch (error) {
    if (!isStatusError(error)) throw error;
    throw new ConfigurationError(error.message);
  }
}

/** The request's own version under any rule goes before others, of which the first rule that wants one decides. */
function matchRules(
  rules: Rules,
  attributes: AdmissionAttributes,
  exact: boolean,
  equivalents: EquivalentVersions,
): Variant | undefined {
  const named = (rules ?? []).filter((rule) => hasName(rule, attributes));
  if (named.length === 0) return undefined;
  if (named.some((rule) => matchesRule(rule, attributes))) return equivalents.same(attributes);
  if (exact) return undefined;
  const others = equivalents.others(attributes);
  for (const rule of named) {
    const other = others.find(({ resource }) => matchesRule(rule, { ...attributes, resource }));
    if (other === undefined) continue;
    if (other.kind.kind !== "") return other;
    const { group, version, resource } = other.resource;
    throw new ConfigurationError(`unable to convert to ${group}/${version}, Resource=${resource}: unknown kind`);
  }
  return undefined;
}

/** A name that is still to be generated matches none. */
function hasName({ resourceNames = [] }: NamedRuleWithOperations, { name }: AdmissionAttributes): boolean {
  return resourceNames.length === 0 || resourceNames.includes(name);
}

/** Policies do not judge policies, so that a bad one can be taken back, nor questions that are not stored. */
const exempt: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "authentication.k8s.io/selfsubjectreviews",
  "authentication.k8s.io/tokenreviews",
  "authorization.k8s.io/localsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "authorization.k8s.io/subjectaccessreviews",
]);

export function mayBeJudged({ group, resource }: { readonly group: string; readonly resource: string }): boolean {
  return !exempt.has(`${group}/${resource}`);
}
