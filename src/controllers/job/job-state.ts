import type { Job, JobCondition, Pod } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { findCondition, isConditionTrue, timeOf } from "../../reconcile/index.ts";

/** Pods carry it until they are counted in the status, so that none is lost or counted twice. */
export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
export const indexAnnotation = "batch.kubernetes.io/job-completion-index";
const failureCountAnnotation = "batch.kubernetes.io/job-index-failure-count";
const ignoredFailureCountAnnotation = "batch.kubernetes.io/job-index-ignored-failure-count";

export function isIndexed(job: Job): boolean {
  return job.spec.completionMode === "Indexed";
}

export function isSuspended(job: Job): boolean {
  return job.spec.suspend === true;
}

export function isFinished({ status }: Job): boolean {
  return isConditionTrue(status?.conditions, "Complete") || isConditionTrue(status?.conditions, "Failed");
}

export function hasTrackingFinalizer({ metadata }: Pod): boolean {
  return (metadata.finalizers ?? []).includes(trackingFinalizer);
}

/** The pod's completion index; `undefined` when it has none. */
export function completionIndex({ metadata }: Pod): number | undefined {
  return numberAnnotation(metadata.annotations, indexAnnotation);
}

export function indexFailureCount({ metadata }: Pod): number {
  return numberAnnotation(metadata.annotations, failureCountAnnotation) ?? 0;
}

export function ignoredFailureCount({ metadata }: Pod): number {
  return numberAnnotation(metadata.annotations, ignoredFailureCountAnnotation) ?? 0;
}

export function failureCountAnnotations(counted: number, ignored: number): Record<string, string> {
  return {
    [failureCountAnnotation]: String(counted),
    ...(ignored === 0 ? {} : { [ignoredFailureCountAnnotation]: String(ignored) }),
  };
}

function numberAnnotation(annotations: Readonly<Record<string, string>> | undefined, name: string): number | undefined {
  const text = annotations?.[name];
  return text !== undefined && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** New pods take the place of failed ones only, not of those on their way out. */
export function replacesFailedOnly({ spec }: Job): boolean {
  return (
    spec.podReplacementPolicy === "Failed" ||
    (spec.podReplacementPolicy === undefined && spec.podFailurePolicy !== undefined)
  );
}

/** Whether a pod counts as failed. One that is being deleted does so at once, unless the job waits for it. */
export function isFailedPod(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === "Failed") return true;
  if (replacesFailedOnly(job)) return false;
  return pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== "Succeeded";
}

/** When the pod came to its end. */
export function finishedAtMs(pod: Pod, nowMs: number): number {
  const times = (pod.status?.containerStatuses ?? []).map(({ state }) => timeOf(state?.terminated?.finishedAt));
  const known = times.filter((time) => time !== undefined);
  if (known.length > 0) return Math.max(...known);
  const ready = findCondition(pod.status?.conditions, "Ready");
  return timeOf(ready?.lastTransitionTime) ?? timeOf(pod.metadata.deletionTimestamp) ?? nowMs;
}

export function newJobCondition(
  type: string,
  status: string,
  reason: string,
  message: string,
  nowMs: number,
): JobCondition {
  const time = formatTime(nowMs);
  return { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message };
}

/** Replaces the condition of that type, or adds it; keeps it where it says the same already. */
export function ensureJobCondition(conditions: readonly JobCondition[], condition: JobCondition): JobCondition[] {
  const current = findCondition(conditions, condition.type);
  if (current === undefined) return [...conditions, condition];
  if (
    current.status === condition.status &&
    current.reason === condition.reason &&
    current.message === condition.message
  )
    return [...conditions];
  return conditions.map((other) => (other.type === condition.type ? condition : other));
}
