import { isDeepStrictEqual } from "node:util";
import type { Disk, Log } from "../../base/index.ts";
import type { RuntimeService } from "../../cri/index.ts";
import { type CgroupManager, podLimits } from "../cgroups/manager.ts";
import { podCgroup } from "../cgroups/names.ts";
import { type EventSink, podTarget } from "../events.ts";
import type { NodeFacts } from "../node/facts.ts";
import { podUid } from "../pods/names.ts";
import { isRestartableInit } from "../runtime/restart-policy.ts";
import type { Killer } from "../runtime/killer.ts";
import { containerLinuxResources } from "../runtime/linux-resources.ts";
import { latest, type RuntimeContainer, type RuntimePod } from "../runtime/view.ts";
import type { Container, Pod, ResourceRequirements } from "../types.ts";
import { changedResources, type ContainerShare, judgeResize, larger, restartsFor } from "./plan.ts";

export interface ResizerOptions {
  readonly runtime: RuntimeService;
  readonly disk: Disk;
  readonly log: Log;
  readonly events: EventSink;
  readonly cgroups: CgroupManager;
  readonly killer: Killer;
  readonly node: NodeFacts;
  readonly others: (pod: Pod) => readonly Pod[];
}

/** Why a resize has not been carried out, as the condition PodResizePending says it. */
export interface PendingResize {
  readonly reason: "Infeasible" | "Deferred";
  readonly message: string;
}

export interface ResizeOutcome {
  readonly pending: PendingResize | undefined;
  /** Something in the runtime was changed, or what containers are said to have. */
  readonly changed: boolean;
}

interface Target {
  readonly container: Container;
  readonly status: RuntimeContainer;
  readonly has: ContainerShare;
  readonly wants: ContainerShare;
}

/** Brings the cpu and memory of running containers to what the pod asks for now, without restarting them where it can. */
export class Resizer {
  readonly #options: ResizerOptions;
  /** The generation up to which a pod's containers are known to have what it asks for. */
  readonly #settled = new Map<string, number>();
  /** What running containers were given, by pod and container id. */
  readonly #given = new Map<string, Map<string, ResourceRequirements>>();

  constructor(options: ResizerOptions) {
    this.#options = options;
  }

  async resize(pod: Pod, view: RuntimePod, signal: AbortSignal): Promise<ResizeOutcome> {
    const generation = pod.metadata.generation ?? 0;
    if (this.#settled.get(podUid(pod)) === generation) return { pending: undefined, changed: false };
    const targets = await this.#targets(pod, view);
    if (targets.length > 0) {
      const verdict = judgeResize({
        pod,
        others: this.#options.others(pod),
        allocatable: this.#options.node.allocatable,
      });
      if (verdict.type !== "apply") {
        const reason = verdict.type === "infeasible" ? "Infeasible" : "Deferred";
        return { pending: { reason, message: verdict.message }, changed: false };
      }
      this.#tell(pod, "ResizeStarted", "Pod resize started");
      await this.#apply(pod, view, targets, signal);
      this.#tell(pod, "ResizeCompleted", "Pod resize completed");
    }
    this.#settled.set(podUid(pod), generation);
    const isNew = this.#note(pod, view);
    return { pending: undefined, changed: targets.length > 0 || isNew };
  }

  /** With what all containers of the pod are to have. */
  #tell(pod: Pod, reason: string, what: string): void {
    const summary = (containers: readonly Container[] | undefined) =>
      containers?.map(({ name, resources }) => ({ name, resources: resources ?? {} }));
    const { initContainers, containers } = pod.spec ?? {};
    const text = JSON.stringify({
      initContainers: summary(initContainers),
      containers: summary(containers),
      generation: pod.metadata.generation ?? 0,
    });
    this.#options.events.event(podTarget(pod), "Normal", reason, `${what}: ${text}`);
  }

  /** What the container has of cpu and memory; `undefined` when only the pod's specification tells. */
  given(uid: string, containerId: string): ResourceRequirements | undefined {
    return this.#given.get(uid)?.get(containerId);
  }

  /** Other amounts can be the same to the kernel, and still are to be told. Returns whether they are others. */
  #note(pod: Pod, view: RuntimePod): boolean {
    const before = this.#given.get(podUid(pod));
    const given = new Map<string, ResourceRequirements>();
    for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
      const status = latest(view, container.name);
      if (status?.state === "running") given.set(status.id, container.resources ?? {});
    }
    this.#given.set(podUid(pod), given);
    return [...given].some(([id, now]) => before?.has(id) === true && !isDeepStrictEqual(before.get(id), now));
  }

  forget(uid: string): void {
    this.#given.delete(uid);
    this.#settled.delete(uid);
  }

  /** Running containers that have something else than they are to have. */
  async #targets(pod: Pod, view: RuntimePod): Promise<Target[]> {
    const { cgroups, node } = this.#options;
    const sidecars = (pod.spec?.initContainers ?? []).filter(isRestartableInit);
    const found: Target[] = [];
    for (const container of [...sidecars, ...(pod.spec?.containers ?? [])]) {
      const status = latest(view, container.name);
      if (status?.state !== "running") continue;
      const has = await cgroups.readShare(`${podCgroup(node.cgroupRoot, pod)}/${status.id}`);
      const wants = cgroups.comparable(shareOf(pod, container, node));
      if (has !== undefined && changedResources(has, wants).length > 0) found.push({ container, status, has, wants });
    }
    return found;
  }

  async #apply(pod: Pod, view: RuntimePod, targets: readonly Target[], signal: AbortSignal): Promise<void> {
    const { cgroups, node, log } = this.#options;
    const wanted = podLimits(pod);
    const path = podCgroup(node.cgroupRoot, pod);
    const had = await cgroups.readShare(path);
    await cgroups.setLimits(path, had === undefined ? wanted : larger(had, wanted));
    for (const target of targets) await this.#applyOne(pod, view, target, signal);
    await cgroups.setLimits(path, wanted);
    log.info("A pod was resized", {
      pod: pod.metadata.name,
      containers: targets.map((target) => target.container.name),
    });
  }

  async #applyOne(
    pod: Pod,
    view: RuntimePod,
    { container, status, has, wants }: Target,
    signal: AbortSignal,
  ): Promise<void> {
    const { killer, runtime, node } = this.#options;
    const changed = changedResources(has, wants);
    if (restartsFor(container, changed)) {
      const message = `Container ${container.name} resize requires restart`;
      await killer.killContainer(pod, view, { container: status, message }, signal);
      return;
    }
    const {
      cpuShares,
      cpuPeriod = 100_000,
      cpuQuota = -1,
      memoryLimitInBytes = -1,
    } = containerLinuxResources(pod, container, node);
    const linux = {
      cpuShares,
      cpuPeriod,
      cpuQuota,
      ...(memoryLimitInBytes === -1 && has.memoryBytes === 0 ? {} : { memoryLimitInBytes }),
    };
    await runtime.updateContainerResources({ containerId: status.id, linux }, { signal });
  }
}

function shareOf(pod: Pod, container: Container, node: NodeFacts): ContainerShare {
  const { cpuShares, cpuQuota, memoryLimitInBytes } = containerLinuxResources(pod, container, node);
  return { cpuShares: cpuShares ?? 0, cpuQuotaUs: cpuQuota ?? 0, memoryBytes: memoryLimitInBytes ?? 0 };
}
