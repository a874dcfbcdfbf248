import { type Clock, type Log, messageOf, type Random, type Runnable, type Timer, whenAborted } from "../base/index.ts";
import type { Node, Pod, PodDisruptionBudget } from "../api/index.ts";
import {
  type Client,
  type InformerFactory,
  informerOf,
  isNotFound,
  kinds,
  type SeriesRecorder,
} from "../client/index.ts";
import { SchedulerCache } from "./cache/scheduler-cache.ts";
import { describeDiagnosis } from "./cycle/diagnosis.ts";
import { type Diagnosis, findNode } from "./cycle/find-node.ts";
import { preempt } from "./cycle/preemption.ts";
import { watchCluster } from "./cluster-watch.ts";
import type { ClusterEvent } from "./framework/contract.ts";
import { defaultWeights, type Profile } from "./framework/profile.ts";
import type { SchedulerMetrics } from "./metrics.ts";
import { defaultPlugins } from "./plugins/index.ts";
import { PodStatusWriter } from "./pod-status-writer.ts";
import { defaultQueueLimits, type QueuedPod, SchedulingQueue } from "./queue/scheduling-queue.ts";
import { informerSiblings } from "./siblings.ts";
import { informerVolumes } from "./volumes/listers.ts";
import { VolumeWriter } from "./volumes/volume-writer.ts";

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly events: SeriesRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Default `default-scheduler`. */
  readonly schedulerName?: string;
  readonly percentageOfNodesToScore?: number;
  /** Bindings on their way to the API server at once. Default 64. */
  readonly parallelBindings?: number;
  readonly metrics?: SchedulerMetrics;
}

/** How many cycles run before other work of the process gets its turn. */
const cyclesPerTurn = 32;

/**
 * Places pods on nodes. Deciding is synchronous, one pod at a time; binding goes on in the background. Events that
 * arrive between decisions change the picture, never during one.
 */
export class Scheduler implements Runnable {
  readonly name = "scheduler";
  readonly cache = new SchedulerCache();
  readonly queue: SchedulingQueue;
  readonly #options: SchedulerOptions;
  readonly #profile: Profile;
  readonly #status: PodStatusWriter;
  readonly #budgets: () => readonly PodDisruptionBudget[];
  readonly #bindings = new Set<Promise<void>>();
  /** Placed pods that wait for others, such as their volumes' provisioners. */
  readonly #preparing = new Set<Promise<void>>();
  /** Pods with scheduling gates, by UID. */
  readonly #gated = new Set<string>();
  #start = 0;
  #wakeUp: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const { informers } = options;
    const namespaces = informerOf(informers, kinds.namespaces);
    const budgets = informerOf(informers, kinds.poddisruptionbudgets);
    const volumes = informerVolumes(informers);
    const plugins = defaultPlugins({
      namespaceLabels: (namespace) => namespaces.lister.get(namespace)?.metadata.labels ?? {},
      siblings: informerSiblings(informers),
      volumes,
      volumeWriter: new VolumeWriter(options.client, options.clock, volumes),
    });
    this.#profile = {
      schedulerName: options.schedulerName ?? "default-scheduler",
      plugins,
      weights: defaultWeights,
      percentageOfNodesToScore: options.percentageOfNodesToScore ?? 0,
    };
    this.#budgets = () => [...budgets.lister.list()];
    const { metrics } = options;
    this.queue = new SchedulingQueue(options.clock, plugins, defaultQueueLimits, metrics?.incoming);
    metrics?.watch(this.queue, this.cache, {
      gated: () => this.#gated.size,
      binding: () => this.#bindings.size + this.#preparing.size,
    });
    this.#status = new PodStatusWriter(options.client, options.clock);
    watchCluster(informers, this);
  }

  get profile(): Profile {
    return this.#profile;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#options.informers.waitForSync(signal).catch(() => undefined);
    const limit = this.#options.parallelBindings ?? 64;
    while (!signal.aborted) {
      this.#turn(limit, signal);
      if (this.#bindings.size >= limit) await Promise.race(this.#bindings);
      else await this.#nextWork(signal);
    }
    await Promise.allSettled([...this.#bindings, ...this.#preparing]);
  }

  /** A pod without a node appeared. */
  podPending(pod: Pod): void {
    if (this.#gateOf(pod) !== undefined) {
      // The API server has said so in the pod's conditions.
      this.#gated.add(pod.metadata.uid ?? "");
      this.#options.metrics?.incoming("gated", "UnscheduledPodAdd");
      return;
    }
    this.#gated.delete(pod.metadata.uid ?? "");
    this.queue.add(pod);
    this.#wake();
  }

  /** A pending pod changed. */
  pendingChanged(previous: Pod, pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    if (!this.queue.has(uid)) {
      if (!this.cache.isPlaced(uid) && this.#gateOf(pod) === undefined) this.podPending(pod);
      return;
    }
    this.queue.update(pod, previous.spec !== pod.spec && JSON.stringify(previous.spec) !== JSON.stringify(pod.spec));
    this.#wake();
  }

  pendingGone(pod: Pod): void {
    this.#gated.delete(pod.metadata.uid ?? "");
    this.queue.delete(pod.metadata.uid ?? "");
    this.cache.forget(pod.metadata.uid ?? "");
  }

  /** Something happened that may let refused pods fit. */
  notice(event: ClusterEvent): void {
    if (this.queue.notice(event)) this.#wake();
  }

  /** Whether this scheduler is the one a pod asks for. */
  isResponsible(pod: Pod): boolean {
    return (pod.spec?.schedulerName ?? "default-scheduler") === this.#profile.schedulerName;
  }

  #gateOf(pod: Pod): string | undefined {
    for (const plugin of this.#profile.plugins) {
      const problem = plugin.preEnqueue?.(pod);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #turn(limit: number, signal: AbortSignal): void {
    for (let cycle = 0; cycle < cyclesPerTurn && this.#bindings.size < limit; cycle++) {
      const queued = this.queue.pop();
      if (queued === undefined) return;
      this.#schedule(queued, signal);
    }
  }

  #schedule(queued: QueuedPod, signal: AbortSignal): void {
    const { pod } = queued;
    const uid = pod.metadata.uid ?? "";
    if (pod.metadata.deletionTimestamp !== undefined || this.cache.isPlaced(uid)) return this.queue.done(uid);
    const { nodes } = this.cache;
    const { metrics, clock, random } = this.#options;
    const startedMs = clock.monotonic();
    const timed =
      metrics === undefined ? undefined : { clock, took: metrics.extensionPoint, evaluated: metrics.evaluated };
    const placement = findNode(pod, nodes, this.#profile, { start: this.#start, random, timed });
    metrics?.searched(clock.monotonic() - startedMs);
    if (placement.type === "refused") {
      this.#refuse(queued, placement.diagnosis);
      metrics?.attempted("unschedulable", clock.monotonic() - startedMs);
      return;
    }
    this.#start = nodes.live.length === 0 ? 0 : (this.#start + placement.looked) % nodes.live.length;
    this.cache.assume(pod, placement.name);
    this.queue.placed(uid);
    const preparations = this.#prepare(pod, placement.name, signal);
    const binding = this.#bind(queued, placement.name, startedMs, preparations);
    this.#track(binding, preparations.length === 0 ? this.#bindings : this.#preparing);
  }

  /** Takes what the pod was placed by, and begins what has to be done before it is bound. */
  #prepare(pod: Pod, node: string, signal: AbortSignal): readonly Promise<void>[] {
    const { plugins } = this.#profile;
    for (const plugin of plugins) plugin.reserve?.(pod, node);
    return plugins.flatMap(({ name, preBind }) => {
      const work = preBind?.(pod, node, signal);
      if (work === undefined) return [];
      return work.catch((error: unknown) => {
        throw new Error(`running PreBind plugin "${name}": ${messageOf(error)}`, { cause: error });
      });
    });
  }

  #track(work: Promise<void>, set: Set<Promise<void>> = this.#bindings): void {
    const tracked = work.finally(() => {
      set.delete(tracked);
      this.#wake();
    });
    set.add(tracked);
  }

  async #bind(
    queued: QueuedPod,
    node: string,
    startedMs: number,
    preparations: readonly Promise<void>[],
  ): Promise<void> {
    const { pod, uid } = queued;
    const { events, log, clock, metrics } = this.#options;
    const { name = "", namespace = "" } = pod.metadata;
    try {
      await this.#observed("PreBind", async () => {
        if (preparations.length > 0) await Promise.all(preparations);
      });
      await this.#observed("Bind", () => this.#writeBinding(pod, node));
      this.queue.done(uid);
      const nowMs = clock.monotonic();
      metrics?.attempted("scheduled", nowMs - startedMs);
      metrics?.placed(queued.attempts, nowMs - queued.firstSeenMs);
      events.event({
        regarding: podReference(pod),
        type: "Normal",
        reason: "Scheduled",
        action: "Binding",
        note: `Successfully assigned ${namespace}/${name} to ${node}`,
      });
    } catch (error) {
      this.cache.forget(uid);
      for (const plugin of this.#profile.plugins) plugin.unreserve?.(pod, node);
      if (isNotFound(error)) return this.queue.done(uid);
      log.warn("cannot bind a pod", { pod: name, namespace, node, error: messageOf(error) });
      this.queue.refuse(queued, new Set());
      metrics?.attempted("error", clock.monotonic() - startedMs);
    }
  }

  async #writeBinding({ metadata }: Pod, node: string): Promise<void> {
    const { name = "", namespace = "", uid } = metadata;
    await this.#options.client
      .resource({ group: "", version: "v1", resource: "pods" })
      .namespace(namespace)
      .createSubresource(name, "binding", {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name, namespace, uid },
        target: { kind: "Node", name: node },
      } as never);
  }

  async #observed(point: "PreBind" | "Bind", work: () => Promise<void>): Promise<void> {
    const { metrics, clock } = this.#options;
    if (metrics === undefined) return work();
    const startedMs = clock.monotonic();
    try {
      await work();
      metrics.extensionPoint(point, "Success", clock.monotonic() - startedMs);
    } catch (error) {
      metrics.extensionPoint(point, "Error", clock.monotonic() - startedMs);
      throw error;
    }
  }

  #refuse(queued: QueuedPod, diagnosis: Diagnosis): void {
    const { pod } = queued;
    const refusedBy = new Set([...diagnosis.refusals.values()].map(({ plugin }) => plugin));
    if (diagnosis.podRefusal !== undefined) refusedBy.add(diagnosis.podRefusal.plugin);
    const nominated = this.#preempt(pod, diagnosis);
    const after = this.#afterwards(diagnosis, nominated.message);
    const message = diagnosis.nodes === 0 ? "no nodes available to schedule pods" : describeDiagnosis(diagnosis, after);
    this.#options.events.event({
      regarding: podReference(pod),
      type: "Warning",
      reason: "FailedScheduling",
      action: "Scheduling",
      note: message,
    });
    this.#status
      .unschedulable(pod, "Unschedulable", message, nominated.node)
      .catch((error) => this.#warn("cannot write a condition", error));
    // Without nodes, only a node can help.
    this.queue.refuse(queued, diagnosis.nodes === 0 ? new Set(["NodeName"]) : refusedBy);
  }

  /** What upstream's steps after the filters say; its plug-in for claims of devices knows no pod refused as such. */
  #afterwards({ podRefusal }: Diagnosis, preemption: string): string {
    if (podRefusal !== undefined) return "not found";
    return preemption === "" ? "" : `no new claims to deallocate, preemption: ${preemption}`;
  }

  #preempt(pod: Pod, diagnosis: Diagnosis): { readonly node?: string; readonly message: string } {
    if (diagnosis.nodes === 0 || diagnosis.podRefusal !== undefined) return { message: "" };
    const { metrics, clock } = this.#options;
    const startedMs = clock.monotonic();
    const result = preempt(pod, this.cache.nodes, this.#profile, diagnosis, this.#budgets());
    const found = result.type !== "none";
    metrics?.preempted(found ? result.victims.length : 0);
    metrics?.extensionPoint("PostFilter", found ? "Success" : "Unschedulable", clock.monotonic() - startedMs);
    if (result.type === "none") return { message: result.message };
    for (const victim of result.victims) this.#track(this.#evict(victim, pod, result.node));
    return { node: result.node, message: "" };
  }

  async #evict(victim: Pod, preemptor: Pod, node: string): Promise<void> {
    const { client, events } = this.#options;
    try {
      await this.#status.disrupted(
        victim,
        `${this.#profile.schedulerName}: preempting to accommodate a higher priority pod`,
      );
      const { name = "", namespace = "", uid } = victim.metadata;
      const pods = client.resource({ group: "", version: "v1", resource: "pods" }).namespace(namespace);
      await pods.delete(name, uid === undefined ? {} : { preconditions: { uid } });
      events.event({
        regarding: podReference(victim),
        related: podReference(preemptor),
        type: "Normal",
        reason: "Preempted",
        action: "Preempting",
        note: `Preempted by pod ${preemptor.metadata.uid} on node ${node}`,
      });
    } catch (error) {
      if (!isNotFound(error)) this.#warn("cannot preempt a pod", error);
    }
  }

  /** Resolves when a pod may be ready, or the signal aborts. */
  async #nextWork(signal: AbortSignal): Promise<void> {
    const waitMs = this.queue.nextReadyMs();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeUp = resolve;
    if (waitMs !== undefined) this.#timer = this.#options.clock.after(waitMs, resolve);
    await Promise.race([promise, whenAborted(signal)]);
    this.#timer?.cancel();
    this.#wakeUp = undefined;
  }

  #wake(): void {
    this.#wakeUp?.();
  }

  #warn(message: string, error: unknown): void {
    if (!isNotFound(error)) this.#options.log.warn(message, { error: messageOf(error) });
  }

  setNode(node: Node): void {
    this.cache.setNode(node);
  }
}

export function podReference(pod: Pod) {
  const { name, namespace, uid, resourceVersion } = pod.metadata;
  return { apiVersion: "v1", kind: "Pod", name, namespace, uid, resourceVersion };
}
