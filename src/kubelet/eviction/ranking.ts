import { podRequest } from "../admission/admit.ts";
import type { Pod } from "../types.ts";

export interface Candidate {
  readonly pod: Pod;
  /** Bytes of memory in use. */
  readonly usage: number;
}

const criticalPriority = 2_000_000_000;

/** Pods in the order of eviction under memory pressure: over their request first, then low priority, then by excess. */
export function rankForMemory(candidates: readonly Candidate[]): Candidate[] {
  const excess = ({ pod, usage }: Candidate): number => usage - podRequest(pod, "memory");
  const over = (one: Candidate): number => (excess(one) > 0 ? 0 : 1);
  const priority = ({ pod }: Candidate): number => pod.spec?.priority ?? 0;
  return candidates
    .filter(({ pod }) => !isCritical(pod))
    .sort((a, b) => over(a) - over(b) || priority(a) - priority(b) || excess(b) - excess(a));
}

/** Static pods and those of the highest priorities are never evicted. */
export function isCritical(pod: Pod): boolean {
  const source = pod.metadata.annotations?.["kubernetes.io/config.source"];
  return (source !== undefined && source !== "api") || (pod.spec?.priority ?? 0) >= criticalPriority;
}
