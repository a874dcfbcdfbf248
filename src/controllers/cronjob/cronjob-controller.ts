import type { CronJob, Job, ObjectReference } from "../../api/index.ts";
import { exponentialBuckets, type Histogram } from "../../component/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  copyOf,
  type EventRecorder,
  informerOf,
  type Informer,
  isAlreadyExists,
  isNamespaceTerminating,
  keyOf,
  kinds,
  orNotFound,
  referenceTo,
  type ResourceClient,
} from "../../client/index.ts";
import {
  byControllerUid,
  Controller,
  type ControllerContext,
  isControlledBy,
  isSemanticallyEqual,
  type Key,
  mapOwner,
  newControllerRef,
  type Result,
  timeOf,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { dueTime } from "./missed.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import { formatInZone, zoneOffsetMs } from "./time-zone.ts";

const name = "cronjob-controller";
const scheduledAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/** Look a little after the moment itself, so that clocks that differ by less do not matter. */
const lateMs = 100;

export const cronJobController: ControllerDescriptor = {
  name,
  create: (context) => new CronJobController(context).controller,
};

class CronJobController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #cronJobs: Informer<CronJob>;
  readonly #jobs: Informer<Job>;
  readonly #recorder: EventRecorder;
  /** How late jobs are made. Seconds. */
  readonly #skew: Histogram | undefined;

  constructor(context: ControllerContext) {
    const { clock, log, metrics, informers } = context;
    this.#context = context;
    this.#skew = context.registry?.histogram({
      name: "cronjob_controller_job_creation_skew_duration_seconds",
      help: "How long after its time a job was made.",
      stability: "STABLE",
      buckets: exponentialBuckets(1, 2, 10),
    });
    this.#recorder = context.recorder(name);
    this.#cronJobs = informerOf(informers, kinds.cronjobs);
    this.#jobs = informerOf(informers, kinds.jobs, { indexes: { controllerUid: byControllerUid } });
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    })
      .watch(this.#cronJobs, (cronJob) => [keyOf(cronJob)])
      .watch(this.#jobs, mapOwner(kinds.cronjobs));
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const cached = this.#cronJobs.lister.get(key);
    if (cached === undefined) return undefined;
    const cronJob = copyOf(cached);
    const jobs = [...this.#jobs.lister.byIndex("controllerUid", cronJob.metadata.uid ?? "")];
    await this.#noteJobs(cronJob, jobs);
    await this.#cleanUp(cronJob, jobs);
    const result = await this.#schedule(cronJob);
    await this.#writeStatus(cached, cronJob);
    return result;
  }

  get #now(): number {
    return this.#context.clock.now();
  }

  /** Keeps the list of active jobs true. */
  async #noteJobs(cronJob: CronJob, jobs: readonly Job[]): Promise<void> {
    const status = (cronJob.status ??= {});
    const existing = new Map(jobs.map((job) => [job.metadata.uid, job]));
    for (const job of jobs) {
      const listed = (status.active ?? []).some(({ uid }) => uid === job.metadata.uid);
      const end = endOf(job);
      if (!listed && end === undefined) {
        // What we made and could not write down counts; what somebody else made from the template does not.
        if (job.metadata.annotations?.[scheduledAnnotation] !== undefined) {
          status.active = [...(status.active ?? []), jobReference(job)];
        } else {
          const what = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
          this.#event(cronJob, "Warning", "UnexpectedJob", what);
        }
      } else if (listed && end !== undefined) {
        status.active = (status.active ?? []).filter(({ uid }) => uid !== job.metadata.uid);
        this.#event(cronJob, "Normal", "SawCompletedJob", `Saw completed job: ${job.metadata.name}, condition: ${end}`);
      }
      const { completionTime } = job.status ?? {};
      const later = (timeOf(completionTime) ?? 0) > (timeOf(status.lastSuccessfulTime) ?? 0);
      if (end === "Complete" && completionTime !== undefined && later) status.lastSuccessfulTime = completionTime;
    }
    for (const { uid, name: jobName = "" } of [...(status.active ?? [])]) {
      if (existing.has(uid) || (await orNotFound(this.#client(cronJob).get(jobName)))?.metadata.uid === uid) continue;
      status.active = (status.active ?? []).filter((reference) => reference.uid !== uid);
      this.#event(cronJob, "Normal", "MissingJob", `Active job went missing: ${jobName}`);
    }
  }

  async #cleanUp(cronJob: CronJob, jobs: readonly Job[]): Promise<void> {
    const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec;
    const oldestFirst = [...jobs].sort(
      (a, b) => (timeOf(a.status?.startTime) ?? 0) - (timeOf(b.status?.startTime) ?? 0),
    );
    const ofEnd = (end: "Complete" | "Failed"): Job[] => oldestFirst.filter((job) => endOf(job) === end);
    const surplus = (list: readonly Job[], limit: number): readonly Job[] =>
      list.slice(0, Math.max(0, list.length - limit));
    const doomed = [
      ...surplus(ofEnd("Complete"), successfulJobsHistoryLimit),
      ...surplus(ofEnd("Failed"), failedJobsHistoryLimit),
    ];
    for (const job of doomed) await this.#deleteJob(cronJob, job.metadata.name ?? "");
  }

  async #schedule(cronJob: CronJob): Promise<Result | undefined> {
    const { metadata, spec } = cronJob;
    if (metadata.deletionTimestamp !== undefined || spec.suspend === true) return undefined;
    const schedule = this.#parse(cronJob);
    if (schedule === undefined) return undefined;
    const { scheduledMs, tooMany } = dueTime(cronJob, schedule, this.#now);
    if (tooMany) {
      const message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      this.#event(cronJob, "Warning", "TooManyMissedTimes", message);
    }
    if (scheduledMs !== undefined) await this.#start(cronJob, scheduledMs);
    const next = schedule.next(this.#now);
    return next === undefined ? undefined : { requeueAfterMs: next - this.#now + lateMs };
  }

  #parse(cronJob: CronJob): Schedule | undefined {
    const { schedule, timeZone } = cronJob.spec;
    if (timeZone !== undefined && zoneOffsetMs(timeZone, 0) === undefined) {
      this.#event(
        cronJob,
        "Warning",
        "UnknownTimeZone",
        `invalid timeZone: "${timeZone}": unknown time zone ${timeZone}`,
      );
      return undefined;
    }
    try {
      return parseSchedule(schedule, timeZone);
    } catch (error) {
      this.#event(
        cronJob,
        "Warning",
        "UnparseableSchedule",
        `unparseable schedule: "${schedule}" : ${messageOf(error)}`,
      );
      return undefined;
    }
  }

  async #start(cronJob: CronJob, scheduledMs: number): Promise<void> {
    const { spec } = cronJob;
    const status = (cronJob.status ??= {});
    if (spec.startingDeadlineSeconds !== undefined && scheduledMs + spec.startingDeadlineSeconds * 1000 < this.#now) {
      const time = new Date(scheduledMs).toUTCString().replace("GMT", "+0000");
      return this.#event(cronJob, "Warning", "MissSchedule", `Missed scheduled time to start a job: ${time}`);
    }
    const active = status.active ?? [];
    if (spec.concurrencyPolicy === "Forbid" && active.length > 0) {
      const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
      return this.#event(cronJob, "Normal", "JobAlreadyActive", message);
    }
    if (spec.concurrencyPolicy === "Replace") {
      for (const { name: jobName = "" } of active) await this.#deleteJob(cronJob, jobName);
      status.active = [];
    }
    const job = await this.#create(cronJob, scheduledMs);
    if (job === undefined) return;
    const others = (status.active ?? []).filter(({ uid }) => uid !== job.metadata.uid);
    if (endOf(job) === undefined) status.active = [...others, jobReference(job)];
    status.lastScheduleTime = formatTime(scheduledMs);
  }

  async #create(cronJob: CronJob, scheduledMs: number): Promise<Job | undefined> {
    const wanted = jobFor(cronJob, scheduledMs);
    try {
      const job = await this.#client(cronJob).create(wanted);
      this.#skew?.observe((this.#now - scheduledMs) / 1000);
      this.#event(cronJob, "Normal", "SuccessfulCreate", `Created job ${job.metadata.name}`);
      return job;
    } catch (error) {
      if (isNamespaceTerminating(error)) return undefined;
      if (!isAlreadyExists(error)) {
        this.#event(cronJob, "Warning", "FailedCreate", `Error creating job: ${messageOf(error)}`);
        throw error;
      }
      // We made it before and did not get to write that down.
      const existing = await this.#client(cronJob).get(wanted.metadata.name ?? "");
      return isControlledBy(existing, cronJob) ? existing : undefined;
    }
  }

  async #deleteJob(cronJob: CronJob, jobName: string): Promise<void> {
    try {
      await orNotFound(this.#client(cronJob).delete(jobName, { propagationPolicy: "Background" }));
    } catch (error) {
      this.#event(cronJob, "Warning", "FailedDelete", `Deleted job: ${messageOf(error)}`);
      throw error;
    }
    this.#event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${jobName}`);
  }

  async #writeStatus(cached: CronJob, cronJob: CronJob): Promise<void> {
    if (isSemanticallyEqual(cached.status, cronJob.status)) return;
    const cronJobs = this.#context.client.resource<CronJob>(kinds.cronjobs).namespace(cronJob.metadata.namespace ?? "");
    await orNotFound(cronJobs.updateStatus(cronJob));
  }

  #client(cronJob: CronJob): ResourceClient<Job> {
    return this.#context.client.resource<Job>(kinds.jobs).namespace(cronJob.metadata.namespace ?? "");
  }

  #event(cronJob: CronJob, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#recorder.event(referenceTo(kinds.cronjobs, cronJob), type, reason, message);
  }
}

function endOf({ status }: Job): "Complete" | "Failed" | undefined {
  for (const { type, status: value } of status?.conditions ?? []) {
    if (value === "True" && (type === "Complete" || type === "Failed")) return type;
  }
  return undefined;
}

function jobReference({ metadata }: Job): ObjectReference {
  const { namespace, name: jobName, uid, resourceVersion } = metadata;
  return { kind: "Job", namespace, name: jobName, uid, apiVersion: "batch/v1", resourceVersion };
}

/** Named by the minute it was due, so that it cannot be made twice. */
function jobFor(cronJob: CronJob, scheduledMs: number): Job {
  const { jobTemplate, timeZone = "UTC" } = cronJob.spec;
  const { labels, annotations } = jobTemplate.metadata ?? {};
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: `${cronJob.metadata.name}-${Math.floor(scheduledMs / 60_000)}`,
      namespace: cronJob.metadata.namespace,
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      annotations: { ...annotations, [scheduledAnnotation]: formatInZone(timeZone, scheduledMs) },
      ownerReferences: [newControllerRef(cronJob, kinds.cronjobs)],
    },
    spec: copyOf(jobTemplate.spec),
  };
}
