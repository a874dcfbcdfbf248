import type { Node, NodeSelectorRequirement, NodeSelectorTerm } from "../../api/index.ts";

export type NodePredicate = (node: Node) => boolean;

/** Terms are alternatives, the requirements of one term must all hold; an empty term matches nothing. */
export function compileTerms(terms: readonly NodeSelectorTerm[]): NodePredicate {
  const compiled = terms.flatMap((term) => compileTerm(term) ?? []);
  return (node) => compiled.some((matches) => matches(node));
}

/** `undefined` for an empty term. */
export function compileTerm(term: NodeSelectorTerm): NodePredicate | undefined {
  const requirements = [
    ...(term.matchExpressions ?? []).map((requirement) => compileRequirement(requirement, labelOf(requirement.key))),
    ...(term.matchFields ?? []).map((requirement) => compileRequirement(requirement, (node) => node.metadata.name)),
  ];
  if (requirements.length === 0) return undefined;
  return (node) => requirements.every((matches) => matches(node));
}

function labelOf(key: string): (node: Node) => string | undefined {
  return (node) => node.metadata.labels?.[key];
}

function compileRequirement(
  requirement: NodeSelectorRequirement,
  read: (node: Node) => string | undefined,
): NodePredicate {
  const values = new Set(requirement.values ?? []);
  const limit = Number((requirement.values ?? [])[0]);
  switch (requirement.operator) {
    case "In":
      return (node) => {
        const value = read(node);
        return value !== undefined && values.has(value);
      };
    case "NotIn":
      return (node) => {
        const value = read(node);
        return value === undefined || !values.has(value);
      };
    case "Exists":
      return (node) => read(node) !== undefined;
    case "DoesNotExist":
      return (node) => read(node) === undefined;
    case "Gt":
      return (node) => Number.parseInt(read(node) ?? "", 10) > limit;
    case "Lt":
      return (node) => Number.parseInt(read(node) ?? "", 10) < limit;
    default:
      return () => false;
  }
}
