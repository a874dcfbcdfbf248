import type { SchedulerPlugin } from "../framework/contract.ts";

/** Pods with gates do not enter the queue. */
export const schedulingGates: SchedulerPlugin = {
  name: "SchedulingGates",
  events: ["PodUpdate"],
  preEnqueue(pod) {
    const gates = pod.spec?.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    return `waiting for scheduling gates: [${gates.map(({ name }) => name).join(" ")}]`;
  },
};
