import type { Pod, ResourceQuota, ScopedResourceSelectorRequirement } from "../../api/index.ts";

/** Whether a quota with these scopes is about this pod. All of its scopes have to fit. */
export function isInScope({ spec }: ResourceQuota, pod: Pod): boolean {
  const requirements: ScopedResourceSelectorRequirement[] = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" as const })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ];
  return requirements.every((requirement) => holds(requirement, pod));
}

export function hasScopes({ spec }: ResourceQuota): boolean {
  return (spec.scopes ?? []).length > 0 || (spec.scopeSelector?.matchExpressions ?? []).length > 0;
}

function holds({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  switch (scopeName) {
    case "Terminating":
      return pod.spec.activeDeadlineSeconds !== undefined;
    case "NotTerminating":
      return pod.spec.activeDeadlineSeconds === undefined;
    case "BestEffort":
      return isBestEffort(pod);
    case "NotBestEffort":
      return !isBestEffort(pod);
    case "PriorityClass":
      return matches(operator, values, pod.spec.priorityClassName);
    case "CrossNamespacePodAffinity":
      return looksElsewhere(pod);
    default:
      return false;
  }
}

function matches(
  operator: ScopedResourceSelectorRequirement["operator"],
  values: readonly string[],
  actual: string | undefined,
): boolean {
  const present = actual !== undefined && actual !== "";
  if (operator === "Exists") return present;
  if (operator === "DoesNotExist") return !present;
  return (present && values.includes(actual)) === (operator === "In");
}

function isBestEffort({ spec, status }: Pod): boolean {
  if (status?.qosClass !== undefined) return status.qosClass === "BestEffort";
  return [...spec.containers, ...(spec.initContainers ?? [])].every(({ resources }) => {
    const amounts = { ...resources?.requests, ...resources?.limits };
    return amounts["cpu"] === undefined && amounts["memory"] === undefined;
  });
}

function looksElsewhere({ spec }: Pod): boolean {
  const terms = [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces, namespaceSelector }) => (namespaces ?? []).length > 0 || namespaceSelector !== undefined,
  );
}
