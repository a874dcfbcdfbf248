import type { Pod } from "../../api/index.ts";
import { isPodReady, podCondition, timeOf } from "./pod-state.ts";

export interface DeletionRank {
  readonly pod: Pod;
  /** How many related pods are on the same node: the more, the sooner this one goes. */
  readonly rank: number;
}

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const costAnnotation = "controller.kubernetes.io/pod-deletion-cost";

/** Sorts pods so that the least useful come first; `ActivePodsWithRanks` upstream. */
export function sortForDeletion(pods: readonly DeletionRank[], nowMs: number): Pod[] {
  return [...pods].sort((a, b) => compare(a, b, nowMs)).map(({ pod }) => pod);
}

function compare(a: DeletionRank, b: DeletionRank, nowMs: number): number {
  const [first, second] = [a.pod, b.pod];
  return (
    Number(isAssigned(first)) - Number(isAssigned(second)) ||
    phaseOf(first) - phaseOf(second) ||
    Number(isPodReady(first)) - Number(isPodReady(second)) ||
    deletionCost(first) - deletionCost(second) ||
    b.rank - a.rank ||
    compareReadyAges(first, second, nowMs) ||
    compareRestarts(first, second) ||
    compareAges(timeOf(first.metadata.creationTimestamp), timeOf(second.metadata.creationTimestamp), nowMs) ||
    compareText(first.metadata.uid ?? "", second.metadata.uid ?? "")
  );
}

function isAssigned(pod: Pod): boolean {
  return (pod.spec.nodeName ?? "") !== "";
}

function phaseOf(pod: Pod): number {
  return phaseOrder[pod.status?.phase ?? "Pending"] ?? 0;
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[costAnnotation];
  return text !== undefined && /^-?[0-9]+$/.test(text) ? Number(text) : 0;
}

function compareReadyAges(a: Pod, b: Pod, nowMs: number): number {
  if (!isPodReady(a) || !isPodReady(b)) return 0;
  return compareAges(
    timeOf(podCondition(a, "Ready")?.lastTransitionTime),
    timeOf(podCondition(b, "Ready")?.lastTransitionTime),
    nowMs,
  );
}

/** Younger first, by powers of two of their age in nanoseconds, so that who goes is spread among those of like age. */
function compareAges(a: number | undefined, b: number | undefined, nowMs: number): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (a === b) return 0;
  return ageRank(a, nowMs) - ageRank(b, nowMs);
}

function ageRank(timeMs: number, nowMs: number): number {
  const age = nowMs - timeMs;
  return age <= 0 ? -1 : Math.floor(Math.log2(age * 1e6));
}

function compareRestarts(a: Pod, b: Pod): number {
  const [first, second] = [restarts(a), restarts(b)];
  return second.regular - first.regular || second.sidecar - first.sidecar;
}

function restarts(pod: Pod): { regular: number; sidecar: number } {
  const sidecars = new Set(
    (pod.spec.initContainers ?? []).filter((one) => one.restartPolicy === "Always").map((one) => one.name),
  );
  const most = (counts: readonly number[]): number => Math.max(0, ...counts);
  return {
    regular: most((pod.status?.containerStatuses ?? []).map((status) => status.restartCount)),
    sidecar: most(
      (pod.status?.initContainerStatuses ?? []).filter((one) => sidecars.has(one.name)).map((one) => one.restartCount),
    ),
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
