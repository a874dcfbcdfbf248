import { type Clock, type Disk, type Log, messageOf, Semaphore } from "../../base/index.ts";
import type { ContainerRuntime } from "../../cri/index.ts";
import type { CgroupManager } from "../cgroups/manager.ts";
import { type EventSink, podTarget } from "../events.ts";
import type { ImageManager } from "../images/manager.ts";
import type { NodeFacts } from "../node/facts.ts";
import type { Paths } from "../paths.ts";
import type { ProbeManager } from "../probes/manager.ts";
import type { PendingResize, Resizer } from "../resize/resizer.ts";
import { computePodActions, type PodActions } from "../runtime/actions.ts";
import type { Inspector } from "../runtime/inspector.ts";
import type { Killer } from "../runtime/killer.ts";
import type { PodRuntime } from "../runtime/pod-runtime.ts";
import { isAlive, type RuntimePod } from "../runtime/view.ts";
import { kubeletConditions, passingConditions } from "../status/conditions.ts";
import type { WaitReason } from "../status/container-statuses.ts";
import type { StatusManager } from "../status/manager.ts";
import { podStatus } from "../status/pod-status.ts";
import type { Pod, PodStatus } from "../types.ts";
import type { VolumeManager } from "../volumes/manager.ts";
import { BringUp, SyncError } from "./bring-up.ts";
import { podName, podNamespace, podUid } from "./names.ts";
import { RestartBackoff } from "./restart-backoff.ts";
import { soonest } from "./soonest.ts";

export interface SyncerOptions {
  readonly cri: ContainerRuntime;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  readonly events: EventSink;
  readonly node: NodeFacts;
  readonly paths: Paths;
  readonly inspector: Inspector;
  readonly runtime: PodRuntime;
  readonly killer: Killer;
  readonly images: ImageManager;
  readonly volumes: VolumeManager;
  readonly cgroups: CgroupManager;
  readonly probes: ProbeManager;
  readonly statuses: StatusManager;
  readonly resizer: Resizer;
  /** Whether the node takes the pod; asked once for each. */
  readonly admit: (pod: Pod) => Failure | undefined;
  /** Reads the Node again, by which pods are judged. */
  readonly refreshNode: (signal: AbortSignal) => Promise<void>;
  /** Resolves once what containers depend on is known. */
  readonly ready: (pod: Pod, signal: AbortSignal) => Promise<void>;
  /** How many pods may be brought up at the same time. */
  readonly parallelStarts: number;
}

export interface SyncResult {
  /** The pod has run to its end. */
  readonly terminal: boolean;
  /** Milliseconds until it must be looked at again. */
  readonly wakeAfterMs?: number;
}

/** What one pass over the pod came to. */
interface Outcome {
  readonly changed: boolean;
  /** Containers that have to wait before they are tried again. */
  readonly waiting: ReadonlySet<string>;
  readonly wakeAfterMs?: number;
}

export interface Failure {
  readonly reason: string;
  readonly message: string;
}

/** What is remembered of a pod between syncs. */
interface Memory {
  readonly waitReasons: Map<string, WaitReason>;
  failure: Failure | undefined;
  admitted: boolean;
  pendingResize: PendingResize | undefined;
}

/** Carries out the operations of the pod workers against the runtime, the disk and the API server. */
export class PodSyncer {
  readonly #options: SyncerOptions;
  readonly #backoff: RestartBackoff;
  readonly #bringUp: BringUp;
  readonly #memory = new Map<string, Memory>();
  readonly #starts: Semaphore;

  constructor(options: SyncerOptions) {
    this.#options = options;
    this.#starts = new Semaphore(options.parallelStarts);
    this.#backoff = new RestartBackoff(options.clock, options.events);
    const waitReasons = (pod: Pod): Map<string, WaitReason> => this.#memoryOf(pod).waitReasons;
    this.#bringUp = new BringUp({ ...options, backoff: this.#backoff, waitReasons });
  }

  async sync(pod: Pod, signal: AbortSignal): Promise<SyncResult> {
    if (isFinal(this.#previous(pod)) || this.#memoryOf(pod).failure !== undefined) return this.#terminal(pod, signal);
    const view = await this.#inspect(pod, signal);
    if (!(await this.#admit(pod, view, signal))) {
      this.#report(pod, view, true);
      return { terminal: true };
    }
    const deadlineMs = this.#deadlineMs(pod);
    if (deadlineMs !== undefined && deadlineMs <= 0) {
      const message = "Pod was active on the node longer than the specified deadline";
      this.#options.events.event(podTarget(pod), "Normal", "DeadlineExceeded", message);
      this.fail(pod, { reason: "DeadlineExceeded", message });
      this.#report(pod, view, false);
      return { terminal: true };
    }
    const status = this.#report(pod, view, false);
    if (isFinal(status)) return { terminal: true };
    const outcome = await this.#reconcile(pod, view, signal);
    const wakeAfterMs = soonest(outcome.wakeAfterMs, deadlineMs);
    if (!outcome.changed) return { terminal: false, wakeAfterMs };
    const after = await this.#inspect(pod, signal);
    const now = this.#report(pod, after, false);
    if (isFinal(now)) return { terminal: true };
    return { terminal: false, wakeAfterMs: this.#moreToDo(pod, after, outcome.waiting) ? 0 : wakeAfterMs };
  }

  /** What could be done next without anything happening first: the container after one that started, or a restart. */
  #moreToDo(pod: Pod, view: RuntimePod, waiting: ReadonlySet<string>): boolean {
    const actions = this.#actions(pod, view);
    if (actions.createSandbox || actions.killPod || actions.containersToKill.length > 0) return true;
    const starts = [
      ...actions.ephemeralContainersToStart,
      ...actions.initContainersToStart,
      ...actions.containersToStart,
    ];
    return starts.some((name) => !waiting.has(name));
  }

  isAdmitted(uid: string): boolean {
    return this.#memory.get(uid)?.admitted === true;
  }

  /**
   * A pod that was here before is not judged again. One that seems to have been meant for another node is judged by
   * the Node as it is now: the scheduler may know newer labels.
   */
  async #admit(pod: Pod, view: RuntimePod, signal: AbortSignal): Promise<boolean> {
    const memory = this.#memoryOf(pod);
    if (memory.admitted) return true;
    const isNew = view.containers.length === 0 && view.sandboxes.length === 0;
    const isMisplaced = isNew && this.#options.admit(pod)?.reason === "NodeAffinity";
    if (isMisplaced) await this.#options.refreshNode(signal);
    const rejection = isNew ? this.#options.admit(pod) : undefined;
    memory.admitted = rejection === undefined;
    if (rejection === undefined) return true;
    this.#options.events.event(podTarget(pod), "Warning", rejection.reason, rejection.message);
    memory.failure = rejection;
    return false;
  }

  /** The kubelet decided that the pod fails: evicted, rejected, past its deadline. */
  fail(pod: Pod, failure: Failure): void {
    this.#memoryOf(pod).failure = failure;
  }

  async terminate(pod: Pod, gracePeriodSeconds: number | undefined, signal: AbortSignal): Promise<void> {
    const { probes, killer } = this.#options;
    probes.stopRestarting(podUid(pod));
    const view = await this.#inspect(pod, signal);
    this.#report(pod, view, !isAlive(view));
    await killer.killPod(pod, view, gracePeriodSeconds, signal);
    const after = await this.#inspect(pod, signal);
    if (after.containers.some((container) => container.state === "running"))
      throw new SyncError("containers still run");
    probes.forget(podUid(pod));
    this.#report(pod, after, true);
  }

  /** Gives back what the pod had on the node. What the logs need stays until the pod is forgotten. */
  async clean(pod: Pod): Promise<void> {
    const { volumes, cgroups, statuses } = this.#options;
    await volumes.tearDown(podUid(pod));
    await cgroups.removePod(pod);
    statuses.finish(pod);
  }

  forget(uid: string): void {
    this.#memory.delete(uid);
    this.#backoff.forget(uid);
    this.#options.images.forget(uid);
    this.#options.resizer.forget(uid);
    this.#options.inspector.forget(uid);
  }

  async #terminal(pod: Pod, signal: AbortSignal): Promise<SyncResult> {
    const view = await this.#inspect(pod, signal);
    if (this.#memoryOf(pod).failure !== undefined) this.#report(pod, view, !isAlive(view));
    return { terminal: true };
  }

  #inspect(pod: Pod, signal: AbortSignal): Promise<RuntimePod> {
    return this.#options.inspector.inspect(
      { uid: podUid(pod), name: podName(pod), namespace: podNamespace(pod) },
      signal,
    );
  }

  #memoryOf(pod: Pod): Memory {
    const uid = podUid(pod);
    const known = this.#memory.get(uid) ?? {
      waitReasons: new Map(),
      failure: undefined,
      admitted: false,
      pendingResize: undefined,
    };
    this.#memory.set(uid, known);
    return known;
  }

  #previous(pod: Pod): PodStatus | undefined {
    return this.#options.statuses.get(podUid(pod)) ?? pod.status;
  }

  #report(pod: Pod, view: RuntimePod, ended: boolean): PodStatus {
    const { probes, statuses, node, clock } = this.#options;
    const uid = podUid(pod);
    if (!ended) probes.update(pod, view);
    const memory = this.#memoryOf(pod);
    const verdict = (kind: "readiness" | "startup", id: string): boolean | undefined => {
      const found = probes.verdict(uid, kind, id);
      return found === undefined ? undefined : found === "success";
    };
    const status = podStatus({
      pod,
      view,
      previous: this.#withForeignConditions(pod),
      ended,
      waitReason: (name) => memory.waitReasons.get(name),
      ready: (id) => verdict("readiness", id),
      started: (id) => verdict("startup", id),
      runtimeName: node.runtimeName,
      given: (id) => this.#options.resizer.given(uid, id),
      nowMs: clock.now(),
      hostIps: node.hostIps,
      ...(memory.failure === undefined ? {} : { failure: memory.failure }),
      ...(memory.pendingResize === undefined ? {} : { pendingResize: memory.pendingResize }),
    });
    statuses.set(pod, status);
    return status;
  }

  /** Conditions that others write come from the API server, all else from what was said last. */
  #withForeignConditions(pod: Pod): PodStatus | undefined {
    const own = this.#options.statuses.get(podUid(pod));
    if (own === undefined) return pod.status;
    const ownTypes = new Set((own.conditions ?? []).map((condition) => condition.type));
    const latestForeign = (pod.status?.conditions ?? []).filter((condition) => !kubeletWrites(condition.type));
    const kept = (own.conditions ?? []).filter(
      (condition) => kubeletWrites(condition.type) || !latestForeign.some((one) => one.type === condition.type),
    );
    return ownTypes.size === 0 ? own : { ...own, conditions: [...kept, ...latestForeign] };
  }

  /** Milliseconds until `activeDeadlineSeconds` is over. */
  #deadlineMs(pod: Pod): number | undefined {
    const seconds = pod.spec?.activeDeadlineSeconds;
    const started = this.#previous(pod)?.startTime;
    if (seconds === undefined) return undefined;
    const startedMs = started ? Date.parse(started) : this.#options.clock.now();
    return startedMs + seconds * 1000 - this.#options.clock.now();
  }

  async #reconcile(pod: Pod, view: RuntimePod, signal: AbortSignal): Promise<Outcome> {
    const { killer } = this.#options;
    const actions = this.#actions(pod, view);
    if (!actions.createSandbox && actions.killPod) {
      await killer.killPod(pod, view, undefined, signal);
      return { changed: true, waiting: new Set() };
    }
    for (const kill of actions.containersToKill) {
      const container = view.containers.find((one) => one.id === kill.id);
      if (container === undefined) continue;
      await killer.killContainer(pod, view, { container, message: kill.message, reason: kill.reason }, signal);
    }
    const starts = [
      ...actions.ephemeralContainersToStart,
      ...actions.initContainersToStart,
      ...actions.containersToStart,
    ];
    const waiting = new Set(starts.filter((name) => this.#mustWait(pod, view, name)));
    const wakeAfterMs = this.#backoff.wakeMs(pod, view, starts);
    if (!actions.createSandbox && starts.length === waiting.size) {
      await this.#refreshVolumes(pod, view, signal);
      const resized = await this.#resize(pod, view, signal);
      return { changed: resized || actions.containersToKill.length > 0 || waiting.size > 0, waiting, wakeAfterMs };
    }
    const due = starts.filter((name) => !waiting.has(name));
    const retryMs = await this.#starts.run(() => this.#bringUp.run(pod, view, actions, due, waiting, signal), signal);
    return { changed: true, waiting, wakeAfterMs: soonest(wakeAfterMs, retryMs) };
  }

  #mustWait(pod: Pod, view: RuntimePod, name: string): boolean {
    const reason = this.#backoff.waiting(pod, view, name);
    if (reason !== undefined) this.#memoryOf(pod).waitReasons.set(name, reason);
    return reason !== undefined;
  }

  /** Returns whether there is something new to report. */
  async #resize(pod: Pod, view: RuntimePod, signal: AbortSignal): Promise<boolean> {
    const memory = this.#memoryOf(pod);
    const { pending, changed } = await this.#options.resizer.resize(pod, view, signal);
    const news = changed || pending?.message !== memory.pendingResize?.message;
    memory.pendingResize = pending;
    return news;
  }

  #actions(pod: Pod, view: RuntimePod): PodActions {
    const { probes } = this.#options;
    const uid = podUid(pod);
    return computePodActions(pod, view, {
      liveness: (id) => probes.verdict(uid, "liveness", id),
      startup: (id) => probes.verdict(uid, "startup", id),
    });
  }

  /** Content of volumes may have changed since they were made. */
  async #refreshVolumes(pod: Pod, view: RuntimePod, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.volumes.prepare(
        pod,
        this.#options.runtime.downwardFacts(view.sandboxes[0]?.ips ?? []),
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      this.#options.log.warn("Volumes could not be refreshed", { pod: podName(pod), error: messageOf(error) });
    }
  }
}

function isFinal(status: PodStatus | undefined): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

function kubeletWrites(type: string): boolean {
  const own: readonly string[] = [...kubeletConditions, ...passingConditions];
  return own.includes(type);
}
