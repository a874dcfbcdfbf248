import type { Pod } from "../../api/index.ts";
import type { NodeScorer, Refusal, SchedulerPlugin } from "../framework/contract.ts";
import { normalizeByMaximum } from "../framework/normalize.ts";
import { compileTerm, compileTerms, type NodePredicate } from "./node-selector.ts";

const refusal: Refusal = {
  plugin: "NodeAffinity",
  reason: "node(s) didn't match Pod's node affinity/selector",
  resolvable: false,
};

/** `undefined` when any node will do. */
export function requiredNodes(pod: Pod): NodePredicate | undefined {
  const labels = Object.entries(pod.spec?.nodeSelector ?? {});
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required === undefined ? undefined : compileTerms(required.nodeSelectorTerms);
  if (labels.length === 0) return terms;
  return (node) =>
    labels.every(([key, value]) => node.metadata.labels?.[key] === value) && (terms === undefined || terms(node));
}

/** `nodeSelector` and node affinity: required terms filter, preferred ones score by their weights. */
export const nodeAffinity: SchedulerPlugin = {
  name: "NodeAffinity",
  events: ["NodeAdd", "NodeUpdateLabel"],
  filter(pod, nodes) {
    const matches = requiredNodes(pod);
    if (matches === undefined) return undefined;
    return (row) => (matches(nodes.node(row)) ? undefined : refusal);
  },
  score(pod, nodes): NodeScorer | undefined {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const terms = preferred.flatMap(({ weight, preference }) => {
      const matches = weight === 0 ? undefined : compileTerm(preference);
      return matches === undefined ? [] : [{ weight, matches }];
    });
    if (terms.length === 0) return undefined;
    return {
      score: (row) => terms.reduce((sum, { weight, matches }) => (matches(nodes.node(row)) ? sum + weight : sum), 0),
      normalize: (scores) => normalizeByMaximum(scores, false),
    };
  },
};
