import { type Disk, type Log, messageOf } from "../../base/index.ts";
import { isCriError, type RuntimeService } from "../../cri/index.ts";
import type { Paths } from "../paths.ts";
import { podName, podNamespace, podUid } from "../pods/names.ts";
import type { Pod } from "../types.ts";
import { labels } from "./labels.ts";

export interface CollectorOptions {
  readonly runtime: RuntimeService;
  readonly disk: Disk;
  readonly log: Log;
  readonly paths: Paths;
  readonly isKnown: (uid: string) => boolean;
}

/** Dead incarnations that are kept of each container, so that `logs --previous` works. */
const deadKept = 1;

/** Takes away what is left of pods and of earlier incarnations of containers. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #collecting = new Set<string>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Removes everything of a pod that has left the node: dead containers, sandboxes, logs, directories. */
  collectPod(pod: Pod): void {
    const work: Promise<void> = this.collectUnknown(podUid(pod), podName(pod), podNamespace(pod))
      .catch((error: unknown) => {
        this.#options.log.warn("The rest of a pod could not be removed", {
          pod: podName(pod),
          error: messageOf(error),
        });
      })
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  /** Waits for what is being removed. */
  async close(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Whether what is left of the pod is being removed right now. */
  isCollecting(uid: string): boolean {
    return this.#collecting.has(uid);
  }

  /** A pod that nobody knows: its directories are found by name. */
  async collectUnknown(uid: string, name: string, namespace: string): Promise<void> {
    const { disk, paths } = this.#options;
    this.#collecting.add(uid);
    try {
      await this.#removeFromRuntime(uid);
      await disk.remove(`${paths.podLogs}/${namespace}_${name}_${uid}`);
      await disk.remove(paths.pod(uid));
    } finally {
      this.#collecting.delete(uid);
    }
  }

  async removeDirectory(uid: string): Promise<void> {
    await this.#options.disk.remove(this.#options.paths.pod(uid));
  }

  async #removeFromRuntime(uid: string): Promise<void> {
    const { runtime } = this.#options;
    const filter = { labelSelector: { [labels.podUid]: uid } };
    const [{ containers }, { items }] = await Promise.all([
      runtime.listContainers({ filter }),
      runtime.listPodSandbox({ filter }),
    ]);
    await Promise.all(containers.map((container) => orGone(runtime.removeContainer({ containerId: container.id }))));
    for (const sandbox of items) {
      await orGone(runtime.stopPodSandbox({ podSandboxId: sandbox.id }));
      await orGone(runtime.removePodSandbox({ podSandboxId: sandbox.id }));
    }
  }

  /** Removes old dead containers and old sandboxes of pods that are still here. */
  async collectDead(): Promise<void> {
    const { runtime, log } = this.#options;
    const [{ containers }, { items }] = await Promise.all([runtime.listContainers({}), runtime.listPodSandbox({})]);
    const newestFirst = [...containers].sort((a, b) => b.createdAt - a.createdAt);
    const dead = new Map<string, number>();
    for (const container of newestFirst) {
      if (container.state !== "CONTAINER_EXITED") continue;
      const key = `${container.labels[labels.podUid]} ${container.metadata?.name}`;
      const count = (dead.get(key) ?? 0) + 1;
      dead.set(key, count);
      const running = newestFirst.some(
        (other) =>
          other.labels[labels.podUid] === container.labels[labels.podUid] &&
          other.metadata?.name === container.metadata?.name &&
          other.state !== "CONTAINER_EXITED",
      );
      // Without a living one, the newest dead one is the container's state, not its past.
      if (count <= (running ? deadKept : deadKept + 1)) continue;
      await this.#removeDead(container.id);
    }
    const used = new Set(containers.map((container) => container.podSandboxId));
    const seen = new Set<string>();
    for (const sandbox of [...items].sort((a, b) => b.createdAt - a.createdAt)) {
      const uid = sandbox.labels[labels.podUid] ?? "";
      const newest = !seen.has(uid);
      seen.add(uid);
      if (newest || sandbox.state === "SANDBOX_READY" || used.has(sandbox.id)) continue;
      await orGone(runtime.removePodSandbox({ podSandboxId: sandbox.id })).catch((error: unknown) =>
        log.warn("An old sandbox could not be removed", { error: messageOf(error) }),
      );
    }
  }

  async #removeDead(containerId: string): Promise<void> {
    const { runtime, disk, log } = this.#options;
    try {
      const found = await runtime.containerStatus({ containerId });
      await orGone(runtime.removeContainer({ containerId }));
      if (found.status?.logPath) await disk.remove(found.status.logPath);
    } catch (error) {
      if (!isCriError(error, "NotFound"))
        log.warn("A dead container could not be removed", { error: messageOf(error) });
    }
  }

  /** Pod directories of earlier times that belong to no pod. */
  async orphanDirectories(): Promise<string[]> {
    const { disk, paths, isKnown } = this.#options;
    if ((await disk.status(paths.pods)) === undefined) return [];
    return (await disk.list(paths.pods)).filter((uid) => !isKnown(uid));
  }
}

async function orGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isCriError(error, "NotFound")) throw error;
  }
}
