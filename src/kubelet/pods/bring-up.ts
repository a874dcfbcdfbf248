import { type Disk, messageOf } from "../../base/index.ts";
import type { ContainerRuntime } from "../../cri/index.ts";
import { type CgroupManager, describeCgroup } from "../cgroups/manager.ts";
import { type EventSink, podTarget } from "../events.ts";
import type { ImageManager } from "../images/manager.ts";
import type { NodeFacts } from "../node/facts.ts";
import type { Paths } from "../paths.ts";
import type { PodActions } from "../runtime/actions.ts";
import type { Killer } from "../runtime/killer.ts";
import type { PodRuntime, Sandbox } from "../runtime/pod-runtime.ts";
import { allContainers } from "../runtime/sandbox-config.ts";
import { StartError } from "../runtime/start-error.ts";
import { type RuntimePod, toRuntimeSandbox } from "../runtime/view.ts";
import type { WaitReason } from "../status/container-statuses.ts";
import type { Container, Pod } from "../types.ts";
import type { MountedVolumes, VolumeManager } from "../volumes/manager.ts";
import { podUid } from "./names.ts";
import type { RestartBackoff } from "./restart-backoff.ts";
import { soonest } from "./soonest.ts";

export interface BringUpOptions {
  readonly cri: ContainerRuntime;
  readonly disk: Disk;
  readonly events: EventSink;
  readonly node: NodeFacts;
  readonly paths: Paths;
  readonly runtime: PodRuntime;
  readonly killer: Killer;
  readonly images: ImageManager;
  readonly volumes: VolumeManager;
  readonly cgroups: CgroupManager;
  readonly backoff: RestartBackoff;
  /** Resolves once what containers depend on is known. */
  readonly ready: (pod: Pod, signal: AbortSignal) => Promise<void>;
  /** Where it is noted why containers of a pod do not run. */
  readonly waitReasons: (pod: Pod) => Map<string, WaitReason>;
}

/** Something of the pod could not be done; what exactly is in events and status already. */
export class SyncError extends Error {}

/** When nothing says otherwise, what could not be started is tried again after this. */
const errorRetryMs = 10_000;
/** How long ErrImagePull is shown before ImagePullBackOff. */
const pullErrorShownMs = 5_000;

/** Makes what a pod needs on the node, its sandbox, and the containers that are due. */
export class BringUp {
  readonly #options: BringUpOptions;

  constructor(options: BringUpOptions) {
    this.#options = options;
  }

  /** Returns milliseconds until what failed to start may be tried again. */
  async run(
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
    const { runtime, backoff, waitReasons } = this.#options;
    const reasons = waitReasons(pod);
    try {
      backoff.note(pod, container, view);
      await runtime.startContainer(pod, container, sandbox, view, volumes, signal);
      reasons.delete(container.name);
      return undefined;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      reasons.set(container.name, { reason: error.reason, message: error.message });
      return error;
    }
  }
}
