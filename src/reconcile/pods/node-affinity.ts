import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from "../../api/index.ts";

/** Whether the node fits the pod's `nodeSelector` and what its affinity requires. */
export function matchesRequiredNodeAffinity({ spec }: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNodeSelector(required, node);
}

/** One of the terms has to fit. A term without anything fits nothing. */
export function matchesNodeSelector({ nodeSelectorTerms }: NodeSelector, node: Node): boolean {
  return nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  const fields: Readonly<Record<string, string | undefined>> = { "metadata.name": node.metadata.name };
  return (
    matchExpressions.every((requirement) => holds(requirement, labels[requirement.key])) &&
    matchFields.every((requirement) => holds(requirement, fields[requirement.key]))
  );
}

function holds({ operator, values = [] }: NodeSelectorRequirement, actual: string | undefined): boolean {
  switch (operator) {
    case "In":
      return actual !== undefined && values.includes(actual);
    case "NotIn":
      return actual === undefined || !values.includes(actual);
    case "Exists":
      return actual !== undefined;
    case "DoesNotExist":
      return actual === undefined;
    case "Gt":
    case "Lt":
      return compare(operator, actual, values[0]);
    default:
      return false;
  }
}

function compare(operator: "Gt" | "Lt", actual: string | undefined, limit: string | undefined): boolean {
  if (actual === undefined || limit === undefined || !/^-?[0-9]+$/.test(actual) || !/^-?[0-9]+$/.test(limit))
    return false;
  return operator === "Gt" ? BigInt(actual) > BigInt(limit) : BigInt(actual) < BigInt(limit);
}
