import type { PolicyRule } from "./rbac-types.ts";
import { pathMatches } from "../request/path-pattern.ts";

/**
 * Nobody may hand out more than they hold: the rules in `wanted` that `held` does not cover. Upstream:
 * `validation.Covers`, with wanted rules broken down to one verb, group and resource each.
 */
export function rulesNotCovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((single) => !held.some((rule) => covers(rule, single)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const singles: PolicyRule[] = [];
  for (const verb of rule.verbs) {
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const base = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (rule.resourceNames?.length) {
          singles.push(...rule.resourceNames.map((name) => ({ ...base, resourceNames: [name] })));
        } else singles.push(base);
      }
    }
    singles.push(...(rule.nonResourceURLs ?? []).map((url) => ({ verbs: [verb], nonResourceURLs: [url] })));
  }
  return singles;
}

function covers(held: PolicyRule, single: PolicyRule): boolean {
  if (!holds(held.verbs, single.verbs[0])) return false;
  const url = single.nonResourceURLs?.[0];
  if (url !== undefined) return (held.nonResourceURLs ?? []).some((candidate) => pathMatches(candidate, url));
  if (!holds(held.apiGroups, single.apiGroups?.[0])) return false;
  if (!resourceHeld(held.resources ?? [], single.resources?.[0] ?? "")) return false;
  if (!held.resourceNames?.length) return true;
  const name = single.resourceNames?.[0];
  return name !== undefined && held.resourceNames.includes(name);
}

function holds(values: readonly string[] | undefined, value: string | undefined): boolean {
  return value !== undefined && (values?.includes("*") || values?.includes(value) || false);
}

function resourceHeld(held: readonly string[], resource: string): boolean {
  if (held.includes("*") || held.includes(resource)) return true;
  const slash = resource.indexOf("/");
  return slash >= 0 && held.includes(`*${resource.slice(slash)}`);
}

/** One line for each group of rules that differ in their verbs only, sorted. Upstream: `CompactRules`, `CompactString`. */
export function rulesText(singles: readonly PolicyRule[]): string {
  const byTarget = new Map<string, PolicyRule>();
  for (const { verbs, ...target } of singles) {
    const key = JSON.stringify(target);
    byTarget.set(key, { ...target, verbs: [...(byTarget.get(key)?.verbs ?? []), ...verbs] });
  }
  return [...new Set([...byTarget.values()].map(ruleText))].sort().join("\n");
}

function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = Object.entries({
    APIGroups: apiGroups,
    Resources: resources,
    NonResourceURLs: nonResourceURLs,
    ResourceNames: resourceNames,
    Verbs: verbs,
  });
  const written = parts.flatMap(([name, values]) =>
    values?.length ? `${name}:[${values.map((value) => JSON.stringify(value)).join(" ")}]` : [],
  );
  return `{${written.join(", ")}}`;
}
