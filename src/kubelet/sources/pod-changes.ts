import { kubeletConditions, passingConditions } from "../status/conditions.ts";
import type { Pod } from "../types.ts";

/** What of a pod matters to its worker. The kubelet's own status writes come back as updates and must not. */
export function relevantPart(pod: Pod): string {
  const { labels, annotations, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  const own: readonly string[] = [...kubeletConditions, ...passingConditions];
  const foreign = (pod.status?.conditions ?? []).filter((condition) => !own.includes(condition.type));
  return JSON.stringify([
    labels,
    annotations,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    pod.spec,
    foreign.map((one) => [one.type, one.status]),
  ]);
}
