import type { Job, JobCondition, Pod } from "../../api/index.ts";
import {
  findCondition,
  isConditionTrue,
  isPodActive,
  isPodReady,
  isPodTerminating,
  timeOf,
} from "../../reconcile/index.ts";
import { type BackoffRecord, recordFinished, remainingBackoffMs } from "./backoff.ts";
import { verdictOf } from "./failure-policy.ts";
import { IndexSet } from "./indexes.ts";
import {
  completionIndex,
  finishedAtMs,
  hasTrackingFinalizer,
  ignoredFailureCount,
  indexFailureCount,
  isFailedPod,
  isIndexed,
  isSuspended,
  newJobCondition,
  replacesFailedOnly,
} from "./job-state.ts";

export interface JobInput {
  readonly job: Job;
  /** All pods of the job. Those whose finalizer was just removed count as without it. */
  readonly pods: readonly Pod[];
  readonly nowMs: number;
  /** Whether everything asked for before has been seen; no pod is made or deleted otherwise. */
  readonly mayAct: boolean;
}

/** Indexed jobs say which pod; `failures` carries on the count of the pod it replaces. */
export interface PodToCreate {
  readonly index: number | undefined;
  readonly failures: number;
  readonly ignoredFailures: number;
}

export interface JobStep {
  readonly backoff: BackoffRecord;
  readonly delete: readonly Pod[];
  readonly create: readonly PodToCreate[];
  /** `SuccessCriteriaMet` or `FailureTarget`, once the job's fate is decided. */
  readonly finish: JobCondition | undefined;
  /** `Suspended`, when it changes. */
  readonly suspension: JobCondition | undefined;
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  readonly succeededIndexes: IndexSet | undefined;
  readonly failedIndexes: IndexSet | undefined;
  /** Failed pods of indexes that will be tried again: kept until their successors exist, which inherit their count. */
  readonly kept: ReadonlyMap<number, Pod>;
  readonly requeueAfterMs: number | undefined;
}

/** No more than this many pods are made or deleted in one look. */
const burst = 500;

/** Decides what a job needs now. Pure. */
export function jobStep(record: BackoffRecord, input: JobInput): JobStep {
  const view = viewOf(record, input);
  const { job, nowMs } = input;
  const finish = fateOf(view, input);
  const base = { ...view, finish, suspension: undefined, create: [], delete: [], requeueAfterMs: undefined };
  if (finish !== undefined) return { ...base, delete: view.active };
  const deadlineMs = deadlineLeftMs(job, nowMs);
  if (!input.mayAct || job.metadata.deletionTimestamp !== undefined) return { ...base, requeueAfterMs: deadlineMs };
  const managed = manage(view, input);
  const suspension = suspensionOf(job, nowMs);
  const waits = [deadlineMs, managed.requeueAfterMs].filter((wait) => wait !== undefined);
  return { ...base, ...managed, suspension, requeueAfterMs: waits.length === 0 ? undefined : Math.min(...waits) };
}

interface JobView {
  readonly backoff: BackoffRecord;
  readonly active: readonly Pod[];
  readonly ready: number;
  readonly terminating: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly succeededIndexes: IndexSet | undefined;
  readonly failedIndexes: IndexSet | undefined;
  readonly kept: ReadonlyMap<number, Pod>;
}

function viewOf(record: BackoffRecord, { job, pods, nowMs }: JobInput): JobView {
  const { status } = job;
  const uncounted = status?.uncountedTerminatedPods;
  const tracked = pods.filter((pod) => hasTrackingFinalizer(pod) && isValid(job, pod));
  const isNew = (pod: Pod, counted: readonly string[] | undefined): boolean =>
    !(counted ?? []).includes(pod.metadata.uid ?? "");
  const newSucceeded = tracked.filter((pod) => pod.status?.phase === "Succeeded" && isNew(pod, uncounted?.succeeded));
  const newFailed = tracked.filter((pod) => isFailedPod(job, pod) && isNew(pod, uncounted?.failed));
  const counting = newFailed.filter((pod) => verdictOf(job, pod).action !== "Ignore");
  const active = pods.filter(isPodActive);
  const succeededIndexes = isIndexed(job) ? succeededIndexesOf(job, newSucceeded) : undefined;
  const failedIndexes =
    succeededIndexes !== undefined && job.spec.backoffLimitPerIndex !== undefined
      ? failedIndexesOf(job, succeededIndexes, newFailed)
      : undefined;
  return {
    backoff: recordFinished(record, newSucceeded, counting, nowMs),
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isPodTerminating).length,
    succeeded:
      succeededIndexes?.size ?? (status?.succeeded ?? 0) + (uncounted?.succeeded ?? []).length + newSucceeded.length,
    failed: (status?.failed ?? 0) + (uncounted?.failed ?? []).length + counting.length,
    succeededIndexes,
    failedIndexes,
    kept:
      failedIndexes === undefined || succeededIndexes === undefined
        ? new Map()
        : keptPods(job, newFailed, active, succeededIndexes, failedIndexes),
  };
}

/** Pods of an indexed job without a usable index are nobody's. */
function isValid(job: Job, pod: Pod): boolean {
  if (!isIndexed(job)) return true;
  const index = completionIndex(pod);
  return index !== undefined && index < (job.spec.completions ?? 0);
}

function indexesOf(pods: readonly Pod[]): number[] {
  return pods.map(completionIndex).filter((index) => index !== undefined);
}

function succeededIndexesOf(job: Job, newSucceeded: readonly Pod[]): IndexSet {
  return IndexSet.parse(job.status?.completedIndexes, job.spec.completions ?? 0).with(indexesOf(newSucceeded));
}

function failedIndexesOf(job: Job, succeeded: IndexSet, newFailed: readonly Pod[]): IndexSet {
  const { backoffLimitPerIndex = 0, completions = 0 } = job.spec;
  const beyond = newFailed.filter((pod) => {
    const { action } = verdictOf(job, pod);
    return action === "FailIndex" || (action !== "Ignore" && indexFailureCount(pod) >= backoffLimitPerIndex);
  });
  return IndexSet.parse(job.status?.failedIndexes, completions).with(
    indexesOf(beyond).filter((index) => !succeeded.has(index)),
  );
}

function keptPods(
  job: Job,
  failed: readonly Pod[],
  active: readonly Pod[],
  succeeded: IndexSet,
  gone: IndexSet,
): ReadonlyMap<number, Pod> {
  const running = new Set(indexesOf(active));
  const kept = new Map<number, Pod>();
  for (const pod of failed) {
    const index = completionIndex(pod);
    if (index === undefined || index >= (job.spec.completions ?? 0)) continue;
    if (running.has(index) || succeeded.has(index) || gone.has(index)) continue;
    const known = kept.get(index);
    if (known === undefined || failuresOf(known) < failuresOf(pod)) kept.set(index, pod);
  }
  return kept;
}

function failuresOf(pod: Pod): number {
  return indexFailureCount(pod) + ignoredFailureCount(pod);
}

function fateOf(view: JobView, { job, pods, nowMs }: JobInput): JobCondition | undefined {
  const { status } = job;
  for (const type of ["FailureTarget", "SuccessCriteriaMet"]) {
    if (isConditionTrue(status?.conditions, type)) return findCondition(status?.conditions, type);
  }
  const failure = failureOf(view, job, pods, nowMs);
  if (failure !== undefined) return newJobCondition("FailureTarget", "True", failure[0], failure[1], nowMs);
  const success = successOf(view, job);
  return success === undefined
    ? undefined
    : newJobCondition("SuccessCriteriaMet", "True", success[0], success[1], nowMs);
}

type Words = readonly [reason: string, message: string];

function failureOf(view: JobView, job: Job, pods: readonly Pod[], nowMs: number): Words | undefined {
  const { spec } = job;
  for (const pod of pods.filter((one) => isFailedPod(job, one))) {
    const verdict = verdictOf(job, pod);
    if (verdict.action === "FailJob") return ["PodFailurePolicy", verdict.message];
  }
  if (view.failed > backoffLimitOf(job) || tooManyRestarts(job, pods)) {
    return ["BackoffLimitExceeded", "Job has reached the specified backoff limit"];
  }
  if (deadlineLeftMs(job, nowMs) === 0) return ["DeadlineExceeded", "Job was active longer than specified deadline"];
  const { failedIndexes, succeededIndexes } = view;
  if (failedIndexes === undefined || succeededIndexes === undefined) return undefined;
  if (spec.maxFailedIndexes !== undefined && failedIndexes.size > spec.maxFailedIndexes) {
    return ["MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"];
  }
  const all = failedIndexes.size + succeededIndexes.size >= (spec.completions ?? 0);
  return failedIndexes.size > 0 && all ? ["FailedIndexes", "Job has failed indexes"] : undefined;
}

function backoffLimitOf({ spec }: Job): number {
  return spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1);
}

/** Containers that the node restarts by itself count as well. */
function tooManyRestarts(job: Job, pods: readonly Pod[]): boolean {
  if (job.spec.template.spec.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== "Running" && status?.phase !== "Pending") continue;
    for (const { restartCount } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      restarts += restartCount;
  }
  const limit = backoffLimitOf(job);
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds until the job's own deadline; `undefined` when it has none or does not run. */
function deadlineLeftMs({ spec, status }: Job, nowMs: number): number | undefined {
  const startMs = timeOf(status?.startTime);
  if (spec.activeDeadlineSeconds === undefined || spec.suspend === true) return undefined;
  // Without a start time it starts now.
  return Math.max(0, (startMs ?? nowMs) + spec.activeDeadlineSeconds * 1000 - nowMs);
}

function successOf(view: JobView, job: Job): Words | undefined {
  const { succeededIndexes, succeeded, active } = view;
  const { completions, successPolicy } = job.spec;
  if (succeededIndexes !== undefined) {
    for (const [at, rule] of (successPolicy?.rules ?? []).entries()) {
      if (isRuleMet(rule, succeededIndexes, completions ?? 0)) return ["SuccessPolicy", `Matched rules at index ${at}`];
    }
  }
  const enough =
    completions === undefined ? succeeded > 0 && active.length === 0 : succeeded >= completions && active.length === 0;
  const suspendedEmpty = isSuspended(job) && completions !== undefined && succeeded < completions;
  return enough && !suspendedEmpty ? ["CompletionsReached", "Reached expected number of succeeded pods"] : undefined;
}

function isRuleMet(
  rule: { succeededIndexes?: string; succeededCount?: number },
  succeeded: IndexSet,
  completions: number,
): boolean {
  const wanted = rule.succeededIndexes === undefined ? undefined : IndexSet.parse(rule.succeededIndexes, completions);
  let met = 0;
  let listed = 0;
  for (let index = 0; index < completions; index += 1) {
    if (wanted !== undefined && !wanted.has(index)) continue;
    listed += 1;
    if (succeeded.has(index)) met += 1;
  }
  return met >= (rule.succeededCount ?? listed) && met > 0;
}

function suspensionOf(job: Job, nowMs: number): JobCondition | undefined {
  const current = findCondition(job.status?.conditions, "Suspended");
  if (isSuspended(job)) {
    return current?.status === "True"
      ? undefined
      : newJobCondition("Suspended", "True", "JobSuspended", "Job suspended", nowMs);
  }
  return current?.status === "True"
    ? newJobCondition("Suspended", "False", "JobResumed", "Job resumed", nowMs)
    : undefined;
}

interface Managed {
  readonly delete: readonly Pod[];
  readonly create: readonly PodToCreate[];
  readonly requeueAfterMs: number | undefined;
}

const nothing: Managed = { delete: [], create: [], requeueAfterMs: undefined };

function manage(view: JobView, { job, nowMs }: JobInput): Managed {
  const { active } = view;
  if (isSuspended(job)) return { ...nothing, delete: active };
  const wanted = wantedActive(view, job);
  const surplus = chooseSurplus(job, active, view, active.length - wanted);
  if (surplus.length > 0) return { ...nothing, delete: surplus.slice(0, burst) };
  if (active.length >= wanted) return nothing;
  const waitMs = remainingBackoffMs(view.backoff, nowMs);
  if (waitMs > 0 && view.failedIndexes === undefined) return { ...nothing, requeueAfterMs: waitMs };
  const leaving = replacesFailedOnly(job) ? view.terminating : 0;
  const count = Math.min(wanted - leaving - active.length, burst);
  if (count <= 0) return nothing;
  return isIndexed(job)
    ? createIndexed(view, job, count, nowMs)
    : { ...nothing, create: Array.from({ length: count }, () => anyPod) };
}

const anyPod: PodToCreate = { index: undefined, failures: 0, ignoredFailures: 0 };

function wantedActive({ succeeded, active, failedIndexes }: JobView, { spec }: Job): number {
  const { parallelism = 1, completions } = spec;
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded - (failedIndexes?.size ?? 0)));
}

/** Pods too many; of an indexed job first those that double an index or have none that is wanted. */
function chooseSurplus(job: Job, active: readonly Pod[], view: JobView, count: number): readonly Pod[] {
  if (!isIndexed(job)) return count > 0 ? leastUseful(active).slice(0, count) : [];
  const seen = new Set<number>();
  const useless: Pod[] = [];
  const useful: Pod[] = [];
  for (const pod of leastUseful(active).reverse()) {
    const index = completionIndex(pod);
    const wanted =
      index !== undefined &&
      index < (job.spec.completions ?? 0) &&
      !seen.has(index) &&
      !view.succeededIndexes?.has(index);
    if (wanted) seen.add(index);
    (wanted ? useful : useless).push(pod);
  }
  const more = Math.max(0, count - useless.length);
  return [...useless, ...useful.reverse().slice(0, more)];
}

function leastUseful(pods: readonly Pod[]): Pod[] {
  const rank = (pod: Pod): number => (isPodReady(pod) ? 2 : pod.spec.nodeName === undefined ? 0 : 1);
  return [...pods].sort(
    (a, b) =>
      rank(a) - rank(b) || (timeOf(b.metadata.creationTimestamp) ?? 0) - (timeOf(a.metadata.creationTimestamp) ?? 0),
  );
}

function createIndexed(view: JobView, job: Job, count: number, nowMs: number): Managed {
  const running = new Set(indexesOf(view.active));
  const create: PodToCreate[] = [];
  let requeueAfterMs: number | undefined;
  for (let index = 0; index < (job.spec.completions ?? 0) && create.length < count; index += 1) {
    if (running.has(index) || view.succeededIndexes?.has(index) === true || view.failedIndexes?.has(index) === true)
      continue;
    const previous = view.kept.get(index);
    const waitMs = previous === undefined ? 0 : indexBackoffMs(previous, nowMs);
    if (waitMs > 0) requeueAfterMs = Math.min(requeueAfterMs ?? waitMs, waitMs);
    else create.push(successor(job, index, previous));
  }
  return { delete: [], create, requeueAfterMs };
}

function successor(job: Job, index: number, previous: Pod | undefined): PodToCreate {
  if (previous === undefined) return { index, failures: 0, ignoredFailures: 0 };
  const ignored = verdictOf(job, previous).action === "Ignore";
  return {
    index,
    failures: indexFailureCount(previous) + (ignored ? 0 : 1),
    ignoredFailures: ignoredFailureCount(previous) + (ignored ? 1 : 0),
  };
}

/** Each index waits by its own failures. */
function indexBackoffMs(previous: Pod, nowMs: number): number {
  return remainingBackoffMs(
    { failures: failuresOf(previous) + 1, lastFailureMs: finishedAtMs(previous, nowMs) },
    nowMs,
  );
}
