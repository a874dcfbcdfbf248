import type { Job, JobStatus, Pod } from "../../api/index.ts";
import { selectorFromObject } from "../../apimachinery/index.ts";
import type { Runnable } from "../../base/index.ts";
import {
  ControllerExpectations,
  copyOf,
  type EventRecorder,
  informerOf,
  type Informer,
  isInvalid,
  isNamespaceTerminating,
  isNotFound,
  keyOf,
  kinds,
  orNotFound,
  referenceTo,
} from "../../client/index.ts";
import {
  byControllerUid,
  claimObjects,
  Controller,
  type ControllerContext,
  controllerOf,
  isPodReady,
  isSemanticallyEqual,
  type Key,
  orphansIn,
  PodControl,
  type Result,
  runAll,
  slowStartBatch,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { type BackoffRecord, noBackoff } from "./backoff.ts";
import { type JobMetrics, jobMetrics, type SyncAction } from "./job-metrics.ts";
import { podForJob } from "./job-pods.ts";
import { hasTrackingFinalizer, isFinished, trackingFinalizer } from "./job-state.ts";
import { jobStep, type JobStep } from "./step.ts";
import { baseStatus, countReleased, finalStatus, trackFinished } from "./tracking.ts";

const name = "job-controller";
/** Jobs of someone else's controller. */
const ownController = "kubernetes.io/job-controller";

export const jobController: ControllerDescriptor = {
  name,
  create: (context) => new JobController(context).runnable(),
};

class JobController {
  readonly #context: ControllerContext;
  readonly #controller: Controller;
  readonly #orphans: Controller;
  readonly #jobs: Informer<Job>;
  readonly #pods: Informer<Pod>;
  readonly #expectations: ControllerExpectations;
  readonly #podControl: PodControl;
  readonly #recorder: EventRecorder;
  readonly #metrics: JobMetrics | undefined;
  readonly #backoff = new Map<Key, BackoffRecord>();
  /** Pods whose finalizer was removed, until the informer shows it. */
  readonly #released = new Set<string>();

  constructor(context: ControllerContext) {
    const { client, clock, log, metrics, informers, registry } = context;
    this.#metrics = registry === undefined ? undefined : jobMetrics(registry);
    this.#context = context;
    this.#expectations = new ControllerExpectations(clock);
    this.#recorder = context.recorder(name);
    this.#podControl = new PodControl(client, this.#recorder);
    this.#jobs = informerOf(informers, kinds.jobs);
    this.#pods = informerOf(informers, kinds.pods, { indexes: { controllerUid: byControllerUid } });
    const options = { clock, log, metrics };
    this.#controller = new Controller({ name, ...options, reconciler: { reconcile: (key) => this.#reconcile(key) } });
    this.#orphans = new Controller({
      name: "job_orphan_pod",
      ...options,
      reconciler: { reconcile: (key) => this.#releaseOrphan(key) },
    });
    this.#controller.watch(this.#jobs, (job) => [keyOf(job)]).waitFor(this.#pods);
    this.#orphans.waitFor(this.#jobs, this.#pods);
    this.#jobs.addHandler({ onAdd: (job) => this.#jobAdded(job), onDelete: (job) => this.#jobDeleted(job) });
    this.#pods.addHandler({
      onAdd: (pod) => this.#podChanged(undefined, pod),
      onUpdate: (previous, pod) => this.#podChanged(previous, pod),
      onDelete: (pod) => this.#podDeleted(pod),
    });
  }

  runnable(): Runnable {
    return runAll(name, [this.#controller, this.#orphans]);
  }

  #jobOf(pod: Pod): Job | undefined {
    const reference = controllerOf(pod);
    if (reference?.kind !== "Job") return undefined;
    const job = this.#jobs.lister.get(`${pod.metadata.namespace ?? ""}/${reference.name}`);
    return job?.metadata.uid === reference.uid ? job : undefined;
  }

  #podChanged(previous: Pod | undefined, pod: Pod): void {
    this.#metrics?.podChanged(previous, pod);
    if (!hasTrackingFinalizer(pod)) this.#released.delete(pod.metadata.uid ?? "");
    const job = this.#jobOf(pod);
    if (job === undefined) return this.#enqueueOrphan(pod);
    const key = keyOf(job);
    if (previous === undefined && pod.metadata.deletionTimestamp === undefined)
      this.#expectations.creationObserved(key);
    if (pod.metadata.deletionTimestamp !== undefined) this.#expectations.deletionObserved(key);
    this.#controller.enqueue(key);
  }

  #podDeleted(pod: Pod): void {
    this.#metrics?.podChanged(pod, undefined);
    this.#released.delete(pod.metadata.uid ?? "");
    const job = this.#jobOf(pod);
    if (job === undefined) return;
    this.#expectations.deletionObserved(keyOf(job));
    this.#controller.enqueue(keyOf(job));
  }

  #enqueueOrphan(pod: Pod): void {
    if (hasTrackingFinalizer(pod)) this.#orphans.enqueue(keyOf(pod));
    else if (controllerOf(pod) === undefined) {
      for (const job of this.#jobs.lister.listNamespace(pod.metadata.namespace ?? "")) {
        const selector = selectorFromObject(job.spec.selector);
        if (!selector.isEmpty && selector.matches(pod.metadata.labels)) this.#controller.enqueue(keyOf(job));
      }
    }
  }

  #jobAdded({ spec: { managedBy = ownController } }: Job): void {
    if (managedBy !== ownController) this.#metrics?.managedBy(managedBy);
  }

  #jobDeleted(job: Job): void {
    this.#backoff.delete(keyOf(job));
    this.#expectations.forget(keyOf(job));
    for (const pod of this.#pods.lister.byIndex("controllerUid", job.metadata.uid ?? "")) this.#enqueueOrphan(pod);
  }

  /** A pod whose job is gone is counted by nobody. */
  async #releaseOrphan(key: Key): Promise<void> {
    const pod = this.#pods.lister.get(key);
    if (pod === undefined || !hasTrackingFinalizer(pod) || this.#jobOf(pod) !== undefined) return;
    const reference = controllerOf(pod);
    const jobs = this.#context.client.resource<Job>(kinds.jobs).namespace(pod.metadata.namespace ?? "");
    const job = reference?.kind === "Job" ? await orNotFound(jobs.get(reference.name)) : undefined;
    if (job === undefined || job.metadata.uid !== reference?.uid) await this.#release(pod);
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const cached = this.#jobs.lister.get(key);
    if (cached === undefined) return undefined;
    const managedBy = cached.spec.managedBy ?? ownController;
    if (isFinished(cached) || managedBy !== ownController) return undefined;
    const { clock } = this.#context;
    const startedMs = clock.monotonic();
    const sync: Sync = { action: "reconciling" };
    let failed = true;
    try {
      const result = await this.#sync(key, cached, sync);
      failed = false;
      return result;
    } finally {
      this.#metrics?.synced(cached, sync.action, failed, clock.monotonic() - startedMs);
    }
  }

  async #sync(key: Key, cached: Job, sync: Sync): Promise<Result | undefined> {
    const job = copyOf(cached);
    const pods = (await this.#claim(job)).map((pod) =>
      this.#released.has(pod.metadata.uid ?? "") ? withoutFinalizer(pod) : pod,
    );
    // Uids that may be counted now leave the status first, so that the step does not see them twice.
    const counted = countReleased(job.status ?? {}, pods);
    job.status = counted;
    const { clock } = this.#context;
    const input = { job, pods, nowMs: clock.now(), mayAct: this.#expectations.satisfied(key) };
    const step = jobStep(this.#backoff.get(key) ?? noBackoff, input);
    const acted = await this.#act(key, job, step);
    if (input.mayAct && step.finish === undefined) sync.action = actionOf(step);
    await this.#track(key, cached, job, pods, step, acted);
    if (acted.error !== undefined) throw acted.error;
    return step.requeueAfterMs === undefined ? undefined : { requeueAfterMs: step.requeueAfterMs };
  }

  #claim(job: Job): Promise<Pod[]> {
    const { client } = this.#context;
    const { namespace = "", name: jobName = "", uid = "" } = job.metadata;
    const selector = selectorFromObject(job.spec.selector);
    const { lister } = this.#pods;
    return claimObjects({
      owner: job,
      ownerKind: kinds.jobs,
      objects: [...lister.byIndex("controllerUid", uid), ...lister.byIndex("controllerUid", orphansIn(namespace))],
      matches: (pod) => selector.matches(pod.metadata.labels),
      client: client.resource<Pod>(kinds.pods).namespace(namespace),
      freshOwner: () => client.resource<Job>(kinds.jobs).namespace(namespace).get(jobName),
      finalizers: [trackingFinalizer],
    });
  }

  async #act(key: Key, job: Job, step: JobStep): Promise<Acted> {
    const deleted = step.delete.length === 0 ? noneActed : await this.#deletePods(key, job, step.delete);
    if (deleted.error !== undefined || step.create.length === 0) return deleted;
    this.#expectations.expectCreations(key, step.create.length);
    const owner = { object: job, kind: kinds.jobs };
    let failures = 0;
    const { succeeded, error } = await slowStartBatch(step.create.length, 1, async (at) => {
      const wanted = step.create[at];
      if (wanted === undefined) return;
      failures++;
      await this.#podControl.create(podForJob(job, wanted), owner);
      failures--;
    });
    this.#expectations.lowerCreations(key, step.create.length - succeeded);
    const { failed = 0 } = job.status ?? {};
    const { terminating } = step;
    this.#metrics?.podsCreated(job, { failed, terminating }, succeeded, failures);
    return { ...deleted, created: succeeded, error: isNamespaceTerminating(error) ? undefined : error };
  }

  async #deletePods(key: Key, job: Job, pods: readonly Pod[]): Promise<Acted> {
    this.#expectations.expectDeletions(key, pods.length);
    const results = await Promise.all(
      pods.map(async (pod) => {
        try {
          await this.#podControl.delete(pod.metadata.namespace ?? "", pod.metadata.name ?? "", {
            object: job,
            kind: kinds.jobs,
          });
          return { pod, error: undefined };
        } catch (error) {
          this.#expectations.deletionObserved(key);
          return isNotFound(error) ? { pod, error: undefined } : { pod: undefined, error };
        }
      }),
    );
    const gone = results.map(({ pod }) => pod).filter((pod) => pod !== undefined);
    const error = results.find((result) => result.error !== undefined)?.error;
    return { created: 0, deleted: gone.length, deletedReady: gone.filter(isPodReady).length, error };
  }

  /** Counts pods at their end: note them in the status, take their finalizers, then move the numbers. */
  async #track(key: Key, cached: Job, job: Job, pods: readonly Pod[], step: JobStep, acted: Acted): Promise<void> {
    const now = this.#context.clock.now();
    const numbers = {
      active: step.active.length + acted.created - acted.deleted,
      ready: step.ready - acted.deletedReady,
      terminating: step.terminating + acted.deleted,
    };
    const base = baseStatus(job, step, numbers, now);
    const tracked = trackFinished(job, base, pods, step);
    let current = await this.#writeStatus(cached, tracked.status);
    this.#metrics?.released(job, tracked.release);
    this.#backoff.set(key, step.backoff);
    await Promise.all(tracked.release.map((pod) => this.#release(pod)));
    const left = pods.map((pod) => (tracked.release.includes(pod) ? withoutFinalizer(pod) : pod));
    current = await this.#writeStatus(current, countReleased(current.status ?? {}, left));
    const final =
      step.finish === undefined || tracked.more ? undefined : finalStatus(current.status ?? {}, step.finish, now);
    if (final !== undefined) current = await this.#writeStatus(current, final);
    this.#metrics?.counted(cached, cached.status ?? {}, current.status ?? {});
    this.#tell(current, step, final);
    if (tracked.more) this.#controller.enqueue(key);
  }

  async #writeStatus(job: Job, status: JobStatus): Promise<Job> {
    if (isSemanticallyEqual(job.status, status)) return job;
    const jobs = this.#context.client.resource<Job>(kinds.jobs).namespace(job.metadata.namespace ?? "");
    return jobs.updateStatus({ ...job, status });
  }

  async #release(pod: Pod): Promise<void> {
    const { namespace = "", name: podName = "", uid = "", finalizers = [] } = pod.metadata;
    this.#released.add(uid);
    try {
      const rest = finalizers.filter((finalizer) => finalizer !== trackingFinalizer);
      const pods = this.#context.client.resource<Pod>(kinds.pods).namespace(namespace);
      await pods.patch(podName, { type: "merge", body: { metadata: { uid, finalizers: rest } } });
    } catch (error) {
      this.#released.delete(uid);
      if (!isNotFound(error) && !isInvalid(error)) throw error;
    }
  }

  #tell(job: Job, { suspension }: JobStep, final: JobStatus | undefined): void {
    const about = referenceTo(kinds.jobs, job);
    if (suspension !== undefined) {
      const suspended = suspension.status === "True";
      this.#recorder.event(about, "Normal", suspended ? "Suspended" : "Resumed", suspension.message ?? "");
    }
    for (const { type, reason = "", message = "" } of (final?.conditions ?? []).slice(-1)) {
      this.#metrics?.finished(job, type, reason);
      if (type === "Complete") this.#recorder.event(about, "Normal", "Completed", "Job completed");
      else this.#recorder.event(about, "Warning", reason, message);
    }
  }
}

/** What became of one look at a job. */
interface Sync {
  action: SyncAction;
}

function actionOf({ create, delete: doomed }: JobStep): SyncAction {
  if (doomed.length > 0) return "pods_deleted";
  return create.length > 0 ? "pods_created" : "tracking";
}

interface Acted {
  readonly created: number;
  readonly deleted: number;
  readonly deletedReady: number;
  readonly error: unknown;
}

const noneActed: Acted = { created: 0, deleted: 0, deletedReady: 0, error: undefined };

function withoutFinalizer(pod: Pod): Pod {
  const finalizers = (pod.metadata.finalizers ?? []).filter((finalizer) => finalizer !== trackingFinalizer);
  return { ...pod, metadata: { ...pod.metadata, finalizers } };
}
