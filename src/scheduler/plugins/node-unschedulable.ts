import type { Refusal, SchedulerPlugin } from "../framework/contract.ts";
import { tolerates } from "./tolerations.ts";

const refusal: Refusal = { plugin: "NodeUnschedulable", reason: "node(s) were unschedulable", resolvable: false };
const taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" } as const;

/** Keeps pods off cordoned nodes, unless they tolerate the taint of that name. */
export const nodeUnschedulable: SchedulerPlugin = {
  name: "NodeUnschedulable",
  events: ["NodeAdd", "NodeUpdateTaint"],
  filter(pod, nodes) {
    if (nodes.taintedNodes === 0) return undefined;
    if ((pod.spec?.tolerations ?? []).some((toleration) => tolerates(toleration, taint))) return undefined;
    return (row) => (nodes.node(row).spec?.unschedulable === true ? refusal : undefined);
  },
};
