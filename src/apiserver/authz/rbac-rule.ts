import type { AuthorizationAttributes } from "./contract.ts";
import type { PolicyRule } from "./rbac-types.ts";
import { pathMatches } from "../request/path-pattern.ts";

export interface CompiledRule {
  allows(attributes: AuthorizationAttributes): boolean;
}

/** Turns a policy rule into set look-ups. Upstream: `rbac.RuleAllows`. */
export function compileRule(rule: PolicyRule): CompiledRule {
  const verbs = matcher(rule.verbs);
  const groups = matcher(rule.apiGroups);
  const resources = resourceMatcher(rule.resources);
  const names = rule.resourceNames?.length ? new Set(rule.resourceNames) : undefined;
  const urls = rule.nonResourceURLs ?? [];
  return {
    allows(attributes) {
      if (!verbs(attributes.verb)) return false;
      if (!attributes.isResourceRequest) return urls.some((url) => pathMatches(url, attributes.path));
      return (
        groups(attributes.apiGroup) &&
        resources(attributes.resource, attributes.subresource) &&
        (names === undefined || names.has(attributes.name))
      );
    },
  };
}

function matcher(values: readonly string[] | undefined): (value: string) => boolean {
  if (values?.includes("*")) return () => true;
  const set = new Set(values);
  return (value) => set.has(value);
}

function resourceMatcher(values: readonly string[] | undefined): (resource: string, subresource: string) => boolean {
  if (values?.includes("*")) return () => true;
  const set = new Set(values);
  return (resource, subresource) =>
    subresource === "" ? set.has(resource) : set.has(`${resource}/${subresource}`) || set.has(`*/${subresource}`);
}
