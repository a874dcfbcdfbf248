import type { Pod, PodDisruptionBudget } from "../../api/index.ts";
import { scaledValue } from "../../apimachinery/index.ts";
import { isPodReady, timeOf } from "../../reconcile/index.ts";

/** An eviction that was allowed and did not delete its pod in so long is forgotten. */
const deletionTimeoutMs = 2 * 60_000;

export interface Expected {
  /** How many pods there should be. */
  readonly expected: number;
  /** How many of them must be healthy. */
  readonly desired: number;
}

/** `scale`: how many pods the owners want together, asked for only where it is needed. */
export async function expectedPods(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: () => Promise<number>,
): Promise<Expected> {
  const { minAvailable, maxUnavailable } = budget.spec;
  if (maxUnavailable !== undefined) {
    const expected = await scale();
    return { expected, desired: Math.max(0, expected - (scaledValue(maxUnavailable, expected, "up") ?? 0)) };
  }
  if (minAvailable === undefined) return { expected: pods.length, desired: 0 };
  if (typeof minAvailable === "number") return { expected: pods.length, desired: minAvailable };
  const expected = await scale();
  return { expected, desired: scaledValue(minAvailable, expected, "up") ?? 0 };
}

export interface Disrupted {
  readonly pods: Record<string, string>;
  /** When the next of them is forgotten. */
  readonly recheckMs: number | undefined;
  readonly overdue: readonly Pod[];
}

/** Pods whose eviction was allowed and that are not gone yet: they count as unhealthy already. */
export function disruptedPods(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number): Disrupted {
  const kept: Record<string, string> = {};
  const overdue: Pod[] = [];
  let recheckMs: number | undefined;
  const { disruptedPods: known = {} } = budget.status ?? {};
  for (const pod of pods) {
    const name = pod.metadata.name ?? "";
    const since = timeOf(known[name]);
    if (pod.metadata.deletionTimestamp !== undefined || since === undefined) continue;
    const leftMs = since + deletionTimeoutMs - nowMs;
    if (leftMs < 0) {
      overdue.push(pod);
      continue;
    }
    kept[name] = known[name] ?? "";
    recheckMs = Math.min(recheckMs ?? leftMs, leftMs);
  }
  return { pods: kept, recheckMs, overdue };
}

export function healthyCount(pods: readonly Pod[], disrupted: Readonly<Record<string, string>>): number {
  return pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      disrupted[pod.metadata.name ?? ""] === undefined &&
      isPodReady(pod),
  ).length;
}
