import { maxNodeScore, type NodeScorer, type SchedulerPlugin } from "../framework/contract.ts";
import { podResources } from "../cache/resources.ts";

/** Prefers nodes where the pod leaves CPU and memory used in like proportion. */
export const nodeResourcesBalancedAllocation: SchedulerPlugin = {
  name: "NodeResourcesBalancedAllocation",
  events: [],
  score(pod, { columns }): NodeScorer | undefined {
    const wants = podResources(pod);
    // Best-effort pods change no proportion.
    if (wants.milliCpu === 0 && wants.memory === 0) return undefined;
    const fraction = (capacity: number, used: number): number => (capacity === 0 ? 1 : Math.min(1, used / capacity));
    return {
      score(row) {
        const cpu = fraction(columns.allocatableMilliCpu[row] ?? 0, (columns.usedMilliCpu[row] ?? 0) + wants.milliCpu);
        const memory = fraction(columns.allocatableMemory[row] ?? 0, (columns.usedMemory[row] ?? 0) + wants.memory);
        return Math.floor((1 - Math.abs(cpu - memory) / 2) * maxNodeScore);
      },
    };
  },
};
