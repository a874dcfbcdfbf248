import { podRequest } from "../admission/admit.ts";
import type { PodLimits } from "../cgroups/manager.ts";
import { quantityMilli, quantityValue } from "../quantity.ts";
import type { Container, Pod } from "../types.ts";

/** What one container has or is to have, in the units of the kernel. 0 means no limit. */
export interface ContainerShare {
  readonly cpuShares: number;
  readonly cpuQuotaUs: number;
  readonly memoryBytes: number;
}

export type ResizeVerdict =
  | { readonly type: "apply" }
  /** The node could never take it, or cannot at the moment. */
  | { readonly type: "infeasible" | "deferred"; readonly message: string };

export interface ResizeInput {
  readonly pod: Pod;
  readonly others: readonly Pod[];
  readonly allocatable: Readonly<Record<string, string>>;
}

/** Whether the node can give the pod what it now asks for. */
export function judgeResize({ pod, others, allocatable }: ResizeInput): ResizeVerdict {
  for (const resource of ["cpu", "memory"] as const) {
    const measure = resource === "cpu" ? quantityMilli : quantityValue;
    const room = measure(allocatable[resource]);
    const asked = podRequest(pod, resource);
    if (asked > room) {
      return {
        type: "infeasible",
        message: `Node didn't have enough capacity: ${resource}, requested: ${asked}, capacity: ${room}`,
      };
    }
    const used = others.reduce((sum, other) => sum + podRequest(other, resource), 0);
    if (asked + used > room) {
      return {
        type: "deferred",
        message: `Node didn't have enough resource: ${resource}, requested: ${asked}, used: ${used}, capacity: ${room}`,
      };
    }
  }
  return { type: "apply" };
}

/** The resources whose amounts differ, of those that may change while a container runs. */
export function changedResources(from: ContainerShare, to: ContainerShare): ("cpu" | "memory")[] {
  const cpu = from.cpuShares !== to.cpuShares || from.cpuQuotaUs !== to.cpuQuotaUs;
  return [...(cpu ? (["cpu"] as const) : []), ...(from.memoryBytes === to.memoryBytes ? [] : (["memory"] as const))];
}

/** Whether the container wants to be restarted for a change of these. */
export function restartsFor(container: Container, changed: readonly string[]): boolean {
  return (container.resizePolicy ?? []).some(
    (policy) => changed.includes(policy.resourceName) && policy.restartPolicy === "RestartContainer",
  );
}

/** Limits of the pod are raised before those of its containers and lowered after them. */
export function larger(a: PodLimits, b: PodLimits): PodLimits {
  const limit = (x: number, y: number): number => (x === 0 || y === 0 ? 0 : Math.max(x, y));
  return {
    cpuShares: Math.max(a.cpuShares, b.cpuShares),
    cpuQuotaUs: limit(a.cpuQuotaUs, b.cpuQuotaUs),
    memoryBytes: limit(a.memoryBytes, b.memoryBytes),
  };
}
