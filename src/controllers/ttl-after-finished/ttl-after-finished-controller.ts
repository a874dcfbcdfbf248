import type { Job } from "../../api/index.ts";
import { exponentialBuckets } from "../../component/index.ts";
import { informerOf, keyOf, kinds, orNotFound, splitKey } from "../../client/index.ts";
import { Controller, type Key, type Result, timeOf } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "ttl-after-finished-controller";

/** Deletes jobs some time after their end, if they ask for it. */
export const ttlAfterFinishedController: ControllerDescriptor = {
  name,
  create({ client, clock, informers, log, metrics, registry }) {
    const deleted = registry?.histogram({
      name: "ttl_after_finished_controller_job_deletion_duration_seconds",
      help: "How long after their time jobs were deleted.",
      buckets: exponentialBuckets(0.1, 2, 14),
    });
    const jobs = informerOf(informers, kinds.jobs);
    const reconcile = async (key: Key): Promise<Result | undefined> => {
      const leftMs = timeLeftMs(jobs.lister.get(key), clock.now());
      if (leftMs === undefined) return undefined;
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      const { namespace, name: jobName } = splitKey(key);
      const api = client.resource<Job>(kinds.jobs).namespace(namespace);
      // What is cached may be old: the time may have been set anew.
      const fresh = await orNotFound(api.get(jobName));
      const freshMs = timeLeftMs(fresh, clock.now());
      if (fresh === undefined || freshMs === undefined) return undefined;
      if (freshMs > 0) return { requeueAfterMs: freshMs };
      const { uid, resourceVersion } = fresh.metadata;
      await orNotFound(
        api.delete(jobName, { propagationPolicy: "Foreground", preconditions: { uid, resourceVersion } }),
      );
      deleted?.observe(-freshMs / 1000);
      return undefined;
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } }).watch(jobs, (job) => [keyOf(job)]);
  },
};

/** `undefined` for a job that goes on, stays, or goes already; negative once its time is over. */
function timeLeftMs(job: Job | undefined, nowMs: number): number | undefined {
  const seconds = job?.spec.ttlSecondsAfterFinished;
  if (job === undefined || seconds === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  const endMs = timeOf(end?.lastTransitionTime);
  return endMs === undefined ? undefined : endMs + seconds * 1000 - nowMs;
}
