import type { Job, JobStatus, Pod } from "../../api/index.ts";
import { exponentialBuckets, type MetricsRegistry } from "../../component/index.ts";
import { verdictOf } from "./failure-policy.ts";
import { IndexSet } from "./indexes.ts";
import { hasTrackingFinalizer, isIndexed } from "./job-state.ts";

/** What a look at a job did. */
export type SyncAction = "reconciling" | "tracking" | "pods_created" | "pods_deleted";

/** What the job controller tells of its work. Times are milliseconds. */
export interface JobMetrics {
  synced(job: Job, action: SyncAction, failed: boolean, tookMs: number): void;
  /** Pods were counted: the status before and after. */
  counted(job: Job, before: JobStatus, after: JobStatus): void;
  finished(job: Job, type: string, reason: string): void;
  /** Pods that are counted now; a failure policy may have decided about those that failed. */
  released(job: Job, pods: readonly Pod[]): void;
  podsCreated(
    job: Job,
    step: { readonly failed: number; readonly terminating: number },
    succeeded: number,
    failed: number,
  ): void;
  /** A pod appeared, changed or went. */
  podChanged(previous: Pod | undefined, pod: Pod | undefined): void;
  managedBy(controller: string): void;
}

/** Upstream's series of the subsystem `job_controller`. */
export function jobMetrics(registry: MetricsRegistry): JobMetrics {
  const { duration, syncs, finished, pods, policy, tracking, indexes, created, external } = series(registry);
  return {
    synced(job, action, failed, tookMs) {
      const labels = [modeOf(job), failed ? "error" : "success", action];
      duration.with(...labels).observe(tookMs / 1000);
      syncs.with(...labels).increment();
    },
    counted(job, before, after) {
      const mode = modeOf(job);
      const failed = (after.failed ?? 0) - (before.failed ?? 0);
      let succeeded = (after.succeeded ?? 0) - (before.succeeded ?? 0);
      if (isIndexed(job)) {
        const size = (text: string | undefined) => IndexSet.parse(text, job.spec.completions ?? 0).size;
        const limit = job.spec.backoffLimitPerIndex === undefined ? "global" : "perIndex";
        succeeded = size(after.completedIndexes) - size(before.completedIndexes);
        indexes.with("succeeded", limit).increment(succeeded);
        if (limit === "perIndex")
          indexes.with("failed", limit).increment(size(after.failedIndexes) - size(before.failedIndexes));
      }
      pods.with(mode, "succeeded").increment(Math.max(0, succeeded));
      pods.with(mode, "failed").increment(Math.max(0, failed));
    },
    finished: (job, type, reason) =>
      finished.with(modeOf(job), type === "Complete" ? "succeeded" : "failed", reason).increment(),
    released(job, released) {
      if (job.spec.podFailurePolicy === undefined) return;
      for (const pod of released)
        if (pod.status?.phase === "Failed") policy.with(verdictOf(job, pod).action).increment();
    },
    podsCreated(job, step, succeeded, failed) {
      const reason = creationReason(job, step);
      if (succeeded > 0) created.with(reason, "succeeded").increment(succeeded);
      if (failed > 0) created.with(reason, "failed").increment(failed);
    },
    podChanged(previous, pod) {
      const [was, is] = [isFinishedAndTracked(previous), isFinishedAndTracked(pod)];
      if (was !== is) tracking.with(is ? "add" : "delete").increment();
    },
    managedBy: (controller) => external.with(controller).increment(),
  };
}

function series(registry: MetricsRegistry) {
  const of = (name: string, help: string) => ({ name: `job_controller_${name}`, help });
  const sync = ["completion_mode", "result", "action"] as const;
  return {
    duration: registry.histograms({
      ...of("job_sync_duration_seconds", "How long a look at a job takes."),
      ...{ stability: "STABLE", labels: sync, buckets: exponentialBuckets(0.004, 2, 15) },
    }),
    syncs: registry.counters({ ...of("job_syncs_total", "Looks at jobs."), stability: "STABLE", labels: sync }),
    finished: registry.counters({
      ...of("jobs_finished_total", "Jobs at their end, by how they ended and why."),
      ...{ stability: "STABLE", labels: ["completion_mode", "result", "reason"] },
    }),
    pods: registry.counters({
      ...of("job_pods_finished_total", "Pods at their end that their jobs have counted."),
      ...{ stability: "STABLE", labels: ["completion_mode", "result"] },
    }),
    policy: registry.counters({
      ...of("pod_failures_handled_by_failure_policy_total", "Failed pods, by what the failure policy made of them."),
      ...{ stability: "BETA", labels: ["action"] },
    }),
    tracking: registry.counters({
      ...of("terminated_pods_tracking_finalizer_total", "Pods at their end that came to hold or lost their finalizer."),
      ...{ stability: "BETA", labels: ["event"] },
    }),
    indexes: registry.counters({
      ...of("job_finished_indexes_total", "Indexes at their end, by whose limit of retries counts."),
      labels: ["status", "backoffLimit"],
    }),
    created: registry.counters({
      ...of("job_pods_creation_total", "Pods made for jobs, and why."),
      labels: ["reason", "status"],
    }),
    external: registry.counters({
      ...of("jobs_by_external_controller_total", "Jobs that another controller manages."),
      labels: ["controller_name"],
    }),
  };
}

function modeOf({ spec }: Job): string {
  return spec.completionMode ?? "NonIndexed";
}

function creationReason({ spec }: Job, step: { readonly failed: number; readonly terminating: number }): string {
  if (spec.podReplacementPolicy === "Failed" && step.failed > 0) return "recreate_failed";
  return step.failed > 0 || step.terminating > 0 ? "recreate_terminating_or_failed" : "new";
}

function isFinishedAndTracked(pod: Pod | undefined): boolean {
  const phase = pod?.status?.phase;
  return pod !== undefined && (phase === "Succeeded" || phase === "Failed") && hasTrackingFinalizer(pod);
}
