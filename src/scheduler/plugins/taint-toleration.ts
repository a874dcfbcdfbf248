import type { Toleration } from "../../api/index.ts";
import type { NodeScorer, Refusal, SchedulerPlugin } from "../framework/contract.ts";
import { normalizeByMaximum } from "../framework/normalize.ts";
import { tolerates } from "./tolerations.ts";

const refusal: Refusal = { plugin: "TaintToleration", reason: "node(s) had untolerated taint(s)", resolvable: false };

/** Keeps pods off nodes whose taints they do not tolerate, and prefers nodes without soft ones. */
export const taintToleration: SchedulerPlugin = {
  name: "TaintToleration",
  events: ["NodeAdd", "NodeUpdateTaint", "PodUpdate"],
  filter(pod, nodes) {
    if (nodes.taintedNodes === 0) return undefined;
    const tolerations = pod.spec?.tolerations ?? [];
    return (row) => {
      const taints = nodes.node(row).spec?.taints;
      if (taints === undefined || taints.length === 0) return undefined;
      const untolerated = taints.some(
        (taint) =>
          taint.effect !== "PreferNoSchedule" && !tolerations.some((toleration) => tolerates(toleration, taint)),
      );
      return untolerated ? refusal : undefined;
    };
  },
  score(pod, nodes): NodeScorer | undefined {
    if (nodes.taintedNodes === 0) return undefined;
    const soft = (pod.spec?.tolerations ?? []).filter(softOnly);
    return {
      score(row) {
        let count = 0;
        for (const taint of nodes.node(row).spec?.taints ?? []) {
          if (taint.effect === "PreferNoSchedule" && !soft.some((toleration) => tolerates(toleration, taint))) count++;
        }
        return count;
      },
      normalize: (scores) => normalizeByMaximum(scores, true),
    };
  },
};

function softOnly({ effect }: Toleration): boolean {
  return effect === undefined || (effect as string) === "" || effect === "PreferNoSchedule";
}
