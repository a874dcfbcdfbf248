import type { Pod, PodCondition } from "../../api/index.ts";
import { parseTime } from "../../apimachinery/index.ts";
import { findCondition } from "../conditions.ts";

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return findCondition(pod.status?.conditions, type);
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, "Ready")?.status === "True";
}

/** It has run to its end. */
export function isPodTerminal(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return phase === "Succeeded" || phase === "Failed";
}

/** Neither at its end nor on its way out. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** On its way out, but its containers may still run. */
export function isPodTerminating(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;
}

/** Ready without a break for `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const ready = podCondition(pod, "Ready");
  if (ready?.status !== "True") return false;
  if (minReadySeconds === 0) return true;
  const since = timeOf(ready.lastTransitionTime);
  return since !== undefined && since + minReadySeconds * 1000 <= nowMs;
}

/** Milliseconds until the first of the ready pods becomes available; `undefined` when none waits for that. */
export function nextAvailabilityMs(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number | undefined {
  let next: number | undefined;
  if (minReadySeconds === 0) return undefined;
  for (const pod of pods) {
    const ready = podCondition(pod, "Ready");
    const since = ready?.status === "True" ? timeOf(ready.lastTransitionTime) : undefined;
    if (since === undefined) continue;
    const wait = since + minReadySeconds * 1000 - nowMs;
    if (wait > 0 && (next === undefined || wait < next)) next = wait;
  }
  return next;
}

/** Milliseconds since the epoch of an optional time. */
export function timeOf(text: string | null | undefined): number | undefined {
  return text === undefined || text === null || text === "" ? undefined : parseTime(text);
}
