import { type Clock, type Disk, type Log, messageOf, Semaphore } from "../../base/index.ts";
import type { ContainerRuntime } from "../../cri/index.ts";
import { type CgroupManager, describeCgroup } from "../cgroups/manager.ts";
import { containerTarget, type EventSink, podTarget } from "../events.ts";
import type { ImageManager } from "../images/manager.ts";
import type { NodeFacts } from "../node/facts.ts";
import type { Paths } from "../paths.ts";
import type { ProbeManager } from "../probes/manager.ts";
import type { PendingResize, Resizer } from "../resize/resizer.ts";
import { computePodActions, type PodActions } from "../runtime/actions.ts";
import { Backoff } from "../runtime/backoff.ts";
import { containerHash } from "../runtime/container-hash.ts";
import type { Inspector } from "../runtime/inspector.ts";
import type { Killer } from "../runtime/killer.ts";
import type { PodRuntime, Sandbox } from "../runtime/pod-runtime.ts";
import { allContainers } from "../runtime/sandbox-config.ts";
import { StartError } from "../runtime/start-error.ts";
import { isAlive, latest, type RuntimePod, toRuntimeSandbox } from "../runtime/view.ts";
import { kubeletConditions, passingConditions } from "../status/conditions.ts";
import type { WaitReason } from "../status/container-statuses.ts";
import type { StatusManager } from "../status/manager.ts";
import { podStatus } from "../status/pod-status.ts";
import { goDuration } from "../time.ts";
import type { Container, Pod, PodStatus } from "../types.ts";
import type { MountedVolumes, VolumeManager } from "../volumes/manager.ts";
import { describePod, podName, podNamespace, podUid } from "./names.ts";

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

/** Something of the pod could not be done; what exactly is in events and status already. */
export class SyncError extends Error {}

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
  readonly #backoff = new Backoff();
  readonly #memory = new Map<string, Memory>();
  readonly #starts: Semaphore;

  constructor(options: SyncerOptions) {
    this.#options = options;
    this.#starts = new Semaphore(options.parallelStarts);
  }

  async sync(pod: Pod, signal: AbortSignal): Promise<SyncResult> {
    if (isFinal(this.#previous(pod)) || this.#memoryOf(pod).failure !== undefined) return this.#terminal(pod, signal);
    const view = await this.#inspect(pod, signal);
    if (!this.#admit(pod, view)) {
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

  /** A pod that was here before is not judged again. */
  #admit(pod: Pod, view: RuntimePod): boolean {
    const memory = this.#memoryOf(pod);
    if (memory.admitted) return true;
    const isNew = view.containers.length === 0 && view.sandboxes.length === 0;
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
    this.#backoff.forgetPrefix(`${uid}_`);
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
    const waiting = new Set(starts.filter((name) => this.#inBackoff(pod, view, name)));
    const wakeAfterMs = this.#backoffWakeMs(pod, view, starts);
    if (!actions.createSandbox && starts.length === waiting.size) {
      await this.#refreshVolumes(pod, view, signal);
      const resized = await this.#resize(pod, view, signal);
      return { changed: resized || actions.containersToKill.length > 0 || waiting.size > 0, waiting, wakeAfterMs };
    }
    const due = starts.filter((name) => !waiting.has(name));
    const retryMs = await this.#starts.run(() => this.#bringUp(pod, view, actions, due, waiting, signal), signal);
    return { changed: true, waiting, wakeAfterMs: soonest(wakeAfterMs, retryMs) };
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

  /** Returns milliseconds until what failed to start may be tried again. */
  async #bringUp(
    pod: Pod,
    view: RuntimePod,
    actions: PodActions,
    due: readonly string[],
    waiting: Set<string>,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    await this.#options.ready(pod, signal);
    await this.#prepareNode(pod);
    const ips = view.sandboxes[0]?.ips ?? [];
    // The sandbox and the volumes do not need each other; together they are the longest part of a start.
    const volumesReady = this.#options.volumes.prepare(pod, this.#options.runtime.downwardFacts(ips), signal);
    volumesReady.catch(() => {});
    const sandbox = await this.#sandbox(pod, view, actions, signal);
    const volumes = await this.#volumes(volumesReady, pod, sandbox, ips, signal);
    return this.#startAll(pod, view, due, waiting, sandbox, volumes, signal);
  }

  async #prepareNode(pod: Pod): Promise<void> {
    const { disk, paths, cgroups, events, node } = this.#options;
    await disk.makeDirectory(paths.pod(podUid(pod)), { mode: 0o750 });
    try {
      await cgroups.ensurePod(pod);
    } catch (error) {
      const message = `unable to ensure pod container exists: failed to create container for ${describeCgroup(node.cgroupRoot, pod)} : ${messageOf(error)}`;
      events.event(podTarget(pod), "Warning", "FailedCreatePodContainer", message);
      throw new SyncError(message, { cause: error });
    }
  }

  /** Volumes that show the pod's own addresses are made again once these are known. */
  async #volumes(
    first: Promise<MountedVolumes>,
    pod: Pod,
    sandbox: Sandbox,
    ips: readonly string[],
    signal: AbortSignal,
  ): Promise<MountedVolumes> {
    const volumes = await first;
    const fresh = sandbox.ips.join() !== ips.join();
    const showsIps = fresh && JSON.stringify(pod.spec?.volumes ?? []).includes("status.podIP");
    return showsIps
      ? this.#options.volumes.prepare(pod, this.#options.runtime.downwardFacts(sandbox.ips), signal)
      : volumes;
  }

  async #sandbox(pod: Pod, view: RuntimePod, actions: PodActions, signal: AbortSignal): Promise<Sandbox> {
    const { runtime, killer, events, cri } = this.#options;
    const current = view.sandboxes[0];
    if (!actions.createSandbox && current !== undefined) {
      return { id: current.id, ips: current.ips, config: await runtime.sandboxConfig(pod, actions.attempt) };
    }
    if (actions.sandboxId !== undefined) {
      events.event(
        podTarget(pod),
        "Normal",
        "SandboxChanged",
        "Pod sandbox changed, it will be killed and re-created.",
      );
    }
    if (view.sandboxes.length > 0 || view.containers.length > 0) await killer.killPod(pod, view, undefined, signal);
    const id = await runtime.createSandbox(pod, actions.attempt, signal);
    const found = await cri.runtime.podSandboxStatus({ podSandboxId: id }, { signal });
    const ips = pod.spec?.hostNetwork
      ? this.#options.node.hostIps
      : found.status
        ? toRuntimeSandbox(found.status).ips
        : [];
    return { id, ips, config: await runtime.sandboxConfig(pod, actions.attempt) };
  }

  async #startAll(
    pod: Pod,
    view: RuntimePod,
    due: readonly string[],
    waiting: Set<string>,
    sandbox: Sandbox,
    volumes: MountedVolumes,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    let retryMs: number | undefined;
    for (const container of allContainers(pod).filter((one) => due.includes(one.name))) {
      const failure = await this.#startOne(pod, container, view, sandbox, volumes, signal);
      if (failure === undefined) continue;
      waiting.add(container.name);
      retryMs = soonest(retryMs, this.#retryMs(pod, container, failure));
      // Init containers come one after another.
      if (pod.spec?.initContainers?.some((one) => one.name === container.name)) break;
    }
    return retryMs;
  }

  #retryMs(pod: Pod, container: Container, failure: StartError): number {
    const imageMs = this.#options.images.backoffMs(pod, container);
    // A failed pull is looked at again before its back-off is over, to say that it is one.
    if (failure.reason === "ErrImagePull") return Math.min(imageMs, pullErrorShownMs);
    return imageMs > 0 ? imageMs : errorRetryMs;
  }

  async #startOne(
    pod: Pod,
    container: Container,
    view: RuntimePod,
    sandbox: Sandbox,
    volumes: MountedVolumes,
    signal: AbortSignal,
  ): Promise<StartError | undefined> {
    const { runtime, clock } = this.#options;
    const last = latest(view, container.name);
    const failedMs = last?.state === "exited" ? (last.finishedAtMs ?? last.createdAtMs) : undefined;
    const { waitReasons } = this.#memoryOf(pod);
    try {
      if (failedMs !== undefined) this.#backoff.note(backoffKey(pod, container), failedMs, clock.now());
      await runtime.startContainer(pod, container, sandbox, view, volumes, signal);
      waitReasons.delete(container.name);
      return undefined;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      waitReasons.set(container.name, { reason: error.reason, message: error.message });
      return error;
    }
  }

  #inBackoff(pod: Pod, view: RuntimePod, name: string): boolean {
    const { clock, events } = this.#options;
    const container = allContainers(pod).find((one) => one.name === name);
    const last = latest(view, name);
    if (container === undefined || last?.state !== "exited") return false;
    const key = backoffKey(pod, container);
    if (this.#backoff.remainingMs(key, last.finishedAtMs ?? last.createdAtMs, clock.now()) === 0) return false;
    const message = `back-off ${goDuration(this.#backoff.delayMs(key))} restarting failed container=${name} pod=${describePod(pod)}`;
    events.event(
      containerTarget(pod, name),
      "Warning",
      "BackOff",
      `Back-off restarting failed container ${name} in pod ${describePod(pod)}`,
    );
    this.#memoryOf(pod).waitReasons.set(name, { reason: "CrashLoopBackOff", message });
    return true;
  }

  #backoffWakeMs(pod: Pod, view: RuntimePod, names: readonly string[]): number | undefined {
    let wakeMs: number | undefined;
    for (const container of allContainers(pod).filter((one) => names.includes(one.name))) {
      const last = latest(view, container.name);
      if (last?.state !== "exited") continue;
      const remainingMs = this.#backoff.remainingMs(
        backoffKey(pod, container),
        last.finishedAtMs ?? last.createdAtMs,
        this.#options.clock.now(),
      );
      if (remainingMs > 0) wakeMs = soonest(wakeMs, remainingMs);
    }
    return wakeMs;
  }
}

/** When nothing says otherwise, what could not be started is tried again after this. */
const errorRetryMs = 10_000;

/** How long ErrImagePull is shown before ImagePullBackOff. */
const pullErrorShownMs = 5_000;

function backoffKey(pod: Pod, container: Container): string {
  return `${podUid(pod)}_${container.name}_${containerHash(container)}`;
}

function isFinal(status: PodStatus | undefined): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

function soonest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

function kubeletWrites(type: string): boolean {
  const own: readonly string[] = [...kubeletConditions, ...passingConditions];
  return own.includes(type);
}
