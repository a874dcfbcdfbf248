import type { Refusal, SchedulerPlugin } from "../framework/contract.ts";

const refusal: Refusal = {
  plugin: "NodeName",
  reason: "node(s) didn't match the requested node name",
  resolvable: false,
};

/** Honours `spec.nodeName` of a pod that the scheduler was asked about all the same. */
export const nodeName: SchedulerPlugin = {
  name: "NodeName",
  events: ["NodeAdd"],
  filter(pod, nodes) {
    const wanted = pod.spec?.nodeName;
    if (wanted === undefined || wanted === "") return undefined;
    return (row) => (nodes.record(row).name === wanted ? undefined : refusal);
  },
};
