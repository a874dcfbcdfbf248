import {
  maxNodeScore,
  type NodeFilter,
  type NodeScorer,
  type Refusal,
  type SchedulerPlugin,
} from "../framework/contract.ts";
import type { NodeTable } from "../cache/node-table.ts";
import { podResources } from "../cache/resources.ts";

const name = "NodeResourcesFit";

const tooMany: Refusal = { plugin: name, reason: "Too many pods", resolvable: true };
const refusals = new Map<string, Refusal>();

/** Asking for more than the whole node has cannot be helped by removing pods. */
function insufficient(resource: string, resolvable: boolean): Refusal {
  const key = `${resource}/${resolvable}`;
  const refusal = refusals.get(key) ?? { plugin: name, reason: `Insufficient ${resource}`, resolvable };
  refusals.set(key, refusal);
  return refusal;
}

const cpu = { now: insufficient("cpu", true), ever: insufficient("cpu", false) };
const memory = { now: insufficient("memory", true), ever: insufficient("memory", false) };
const storage = { now: insufficient("ephemeral-storage", true), ever: insufficient("ephemeral-storage", false) };

/** Whether the requests fit into what is left; prefers the emptier node (strategy LeastAllocated). */
export const nodeResourcesFit: SchedulerPlugin = {
  name,
  events: ["NodeAdd", "NodeUpdateAllocatable", "AssignedPodDelete", "AssignedPodUpdate", "PodUpdate"],
  filter(pod, nodes): NodeFilter {
    const wants = podResources(pod);
    const { columns } = nodes;
    return (row) => {
      if ((columns.podCount[row] ?? 0) + 1 > (columns.allocatablePods[row] ?? 0)) return tooMany;
      const freeCpu = (columns.allocatableMilliCpu[row] ?? 0) - (columns.usedMilliCpu[row] ?? 0);
      if (wants.milliCpu > 0 && wants.milliCpu > freeCpu) {
        return wants.milliCpu > (columns.allocatableMilliCpu[row] ?? 0) ? cpu.ever : cpu.now;
      }
      const freeMemory = (columns.allocatableMemory[row] ?? 0) - (columns.usedMemory[row] ?? 0);
      if (wants.memory > 0 && wants.memory > freeMemory) {
        return wants.memory > (columns.allocatableMemory[row] ?? 0) ? memory.ever : memory.now;
      }
      const freeStorage = (columns.allocatableStorage[row] ?? 0) - (columns.usedStorage[row] ?? 0);
      if (wants.ephemeralStorage > 0 && wants.ephemeralStorage > freeStorage) {
        return wants.ephemeralStorage > (columns.allocatableStorage[row] ?? 0) ? storage.ever : storage.now;
      }
      return wants.scalars.size === 0 ? undefined : lackingScalar(nodes, row, wants.scalars);
    };
  },
  score(pod, { columns }): NodeScorer {
    const { nonZeroMilliCpu, nonZeroMemory } = podResources(pod);
    const free = (capacity: number, used: number): number =>
      capacity === 0 || used > capacity ? 0 : Math.floor(((capacity - used) * maxNodeScore) / capacity);
    return {
      score(row) {
        const cpuScore = free(
          columns.allocatableMilliCpu[row] ?? 0,
          (columns.nonZeroMilliCpu[row] ?? 0) + nonZeroMilliCpu,
        );
        const memoryScore = free(
          columns.allocatableMemory[row] ?? 0,
          (columns.nonZeroMemory[row] ?? 0) + nonZeroMemory,
        );
        return Math.floor((cpuScore + memoryScore) / 2);
      },
    };
  },
};

function lackingScalar(nodes: NodeTable, row: number, wanted: ReadonlyMap<string, number>): Refusal | undefined {
  const { allocatableScalars, usedScalars } = nodes.record(row);
  for (const [resource, amount] of wanted) {
    const allocatable = allocatableScalars.get(resource) ?? 0;
    if (amount > allocatable - (usedScalars.get(resource) ?? 0)) return insufficient(resource, amount <= allocatable);
  }
  return undefined;
}
