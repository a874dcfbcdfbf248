import type { Job, JobCondition, JobStatus, Pod } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { findCondition } from "../../reconcile/index.ts";
import { verdictOf } from "./failure-policy.ts";
import { IndexSet } from "./indexes.ts";
import {
  completionIndex,
  ensureJobCondition,
  hasTrackingFinalizer,
  isFailedPod,
  isIndexed,
  newJobCondition,
} from "./job-state.ts";
import type { JobStep } from "./step.ts";

/** The API server and we agree on no more than so many uids in the status. */
const uncountedMax = 500;

export interface Tracked {
  readonly status: JobStatus;
  /** Pods whose finalizer may go once this status is stored. */
  readonly release: readonly Pod[];
  /** More pods wait to be counted than fit. */
  readonly more: boolean;
}

interface Uncounted {
  readonly succeeded: Set<string>;
  readonly failed: Set<string>;
}

function uncountedOf(status: JobStatus | undefined): Uncounted {
  const { succeeded, failed } = status?.uncountedTerminatedPods ?? {};
  return { succeeded: new Set(succeeded), failed: new Set(failed) };
}

function withUncounted(status: JobStatus, { succeeded, failed }: Uncounted): JobStatus {
  const uncountedTerminatedPods = {
    ...(succeeded.size === 0 ? {} : { succeeded: [...succeeded] }),
    ...(failed.size === 0 ? {} : { failed: [...failed] }),
  };
  return { ...status, uncountedTerminatedPods };
}

/**
 * Uids whose pods have lost the finalizer are counted for good. Done before anything else: from then on the pod cannot
 * come up again.
 */
export function countReleased(status: JobStatus, pods: readonly Pod[]): JobStatus {
  const held = new Set(pods.filter(hasTrackingFinalizer).map((pod) => pod.metadata.uid ?? ""));
  const uncounted = uncountedOf(status);
  const take = (uids: Set<string>): number => {
    const gone = [...uids].filter((uid) => !held.has(uid));
    for (const uid of gone) uids.delete(uid);
    return gone.length;
  };
  const succeeded = take(uncounted.succeeded);
  const failed = take(uncounted.failed);
  if (succeeded === 0 && failed === 0) return status;
  const counted = {
    ...status,
    ...(succeeded === 0 ? {} : { succeeded: (status.succeeded ?? 0) + succeeded }),
    ...(failed === 0 ? {} : { failed: (status.failed ?? 0) + failed }),
  };
  return withUncounted(counted, uncounted);
}

/** Notes pods at their end in the status, so that their finalizer may go. */
export function trackFinished(job: Job, base: JobStatus, pods: readonly Pod[], step: JobStep): Tracked {
  const uncounted = uncountedOf(base);
  const indexes: number[] = [];
  const release: Pod[] = [];
  let more = false;
  const counted = IndexSet.parse(base.completedIndexes, job.spec.completions ?? 0);
  for (const pod of pods) {
    if (!hasTrackingFinalizer(pod) || !mayRelease(job, pod, step)) continue;
    if (uncounted.succeeded.size + uncounted.failed.size >= uncountedMax) {
      more = true;
      break;
    }
    release.push(pod);
    const uid = pod.metadata.uid ?? "";
    const index = completionIndex(pod);
    const usable = !isIndexed(job) || (index !== undefined && index < (job.spec.completions ?? 0));
    if (!usable) continue;
    if (pod.status?.phase === "Succeeded" && !uncounted.failed.has(uid)) {
      // The index alone keeps an indexed pod from being counted twice.
      if (!isIndexed(job)) uncounted.succeeded.add(uid);
      else if (index !== undefined && !counted.has(index)) indexes.push(index);
    } else if (verdictOf(job, pod).action !== "Ignore" || pod.status?.phase !== "Failed") uncounted.failed.add(uid);
  }
  return { status: withUncounted(withIndexes(job, base, counted.with(indexes), step), uncounted), release, more };
}

function withIndexes(job: Job, status: JobStatus, completed: IndexSet, { failedIndexes }: JobStep): JobStatus {
  if (!isIndexed(job)) return status;
  const { completedIndexes: _completed, failedIndexes: _failed, ...rest } = status;
  return {
    ...rest,
    ...(completed.size === 0 ? {} : { succeeded: completed.size, completedIndexes: completed.toString() }),
    ...(failedIndexes === undefined ? {} : { failedIndexes: failedIndexes.toString() }),
  };
}

function mayRelease(job: Job, pod: Pod, { finish, kept }: JobStep): boolean {
  if (job.metadata.deletionTimestamp !== undefined || finish !== undefined || pod.status?.phase === "Succeeded")
    return true;
  if (!isFailedPod(job, pod)) return false;
  return ![...kept.values()].includes(pod);
}

/** The end of a job: only once all its pods are counted and none runs any more. `undefined`: not yet. */
export function finalStatus(status: JobStatus, finish: JobCondition, nowMs: number): JobStatus | undefined {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  if (succeeded.length > 0 || failed.length > 0) return undefined;
  if ((status.active ?? 0) > 0 || (status.terminating ?? 0) > 0 || (status.ready ?? 0) > 0) return undefined;
  const complete = finish.type === "SuccessCriteriaMet";
  const { reason = "", message = "" } = finish;
  const condition = newJobCondition(complete ? "Complete" : "Failed", "True", reason, message, nowMs);
  const conditions = ensureJobCondition(status.conditions ?? [], condition);
  return { ...status, conditions, ...(complete ? { completionTime: formatTime(nowMs) } : {}) };
}

/** The numbers and conditions that do not depend on counting. */
export function baseStatus(
  job: Job,
  step: JobStep,
  numbers: { active: number; ready: number; terminating: number },
  nowMs: number,
): JobStatus {
  const { finish, suspension } = step;
  const {
    active: _active,
    ready: _ready,
    terminating: _terminating,
    startTime: previousStart,
    ...previous
  } = job.status ?? {};
  let conditions = [...(previous.conditions ?? [])];
  if (finish !== undefined) conditions = ensureJobCondition(conditions, finish);
  if (suspension !== undefined) conditions = ensureJobCondition(conditions, suspension);
  const suspended = findCondition(conditions, "Suspended")?.status === "True";
  const resumed = suspension?.status === "False";
  const startTime = suspended ? undefined : resumed ? formatTime(nowMs) : (previousStart ?? formatTime(nowMs));
  return {
    ...previous,
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(startTime === undefined ? {} : { startTime }),
    ...(numbers.active === 0 ? {} : { active: numbers.active }),
    ready: numbers.ready,
    terminating: numbers.terminating,
  };
}
