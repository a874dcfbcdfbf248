import type { Disk } from "../../base/index.ts";
import { isCriError, type Response, type RuntimeService } from "../../cri/index.ts";
import { annotations, labels } from "./labels.ts";
import { terminationMessage } from "./termination-message.ts";
import {
  containerStateName,
  type RuntimeContainer,
  type RuntimePod,
  toRuntimeContainer,
  toRuntimeSandbox,
} from "./view.ts";

type CriContainer = Response<"ListContainersResponse">["containers"][number];
type CriSandbox = Response<"ListPodSandboxResponse">["items"][number];

export interface PodIdentity {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

export interface ListedPod extends PodIdentity {
  /** Changes whenever a sandbox or container of the pod comes, goes or changes state. */
  readonly fingerprint: string;
  readonly alive: boolean;
}

/** Statuses wanted of each container name: what it is, and what it was before. */
const incarnations = 2;

/** Reads from the runtime what it holds. Exited containers never change, so they are asked for once. */
export class Inspector {
  readonly #runtime: RuntimeService;
  readonly #disk: Disk;
  readonly #exited = new Map<string, RuntimeContainer>();
  readonly #fingerprints = new Map<string, string>();
  readonly #views = new Map<string, RuntimePod>();

  constructor(runtime: RuntimeService, disk: Disk) {
    this.#runtime = runtime;
    this.#disk = disk;
  }

  /** All pods of the runtime, cheaply. */
  async list(signal?: AbortSignal): Promise<ReadonlyMap<string, ListedPod>> {
    const [sandboxes, containers] = await Promise.all([
      this.#runtime.listPodSandbox({}, { signal }),
      this.#runtime.listContainers({}, { signal }),
    ]);
    this.#dropGone(containers.containers);
    const parts = new Map<string, { identity: PodIdentity; items: string[]; alive: boolean }>();
    const add = (itemLabels: Readonly<Record<string, string>>, item: string, alive: boolean): void => {
      const uid = itemLabels[labels.podUid];
      if (uid === undefined) return;
      const identity = {
        uid,
        name: itemLabels[labels.podName] ?? "",
        namespace: itemLabels[labels.podNamespace] ?? "",
      };
      const part = parts.get(uid) ?? { identity, items: [], alive: false };
      part.items.push(item);
      part.alive ||= alive;
      parts.set(uid, part);
    };
    for (const sandbox of sandboxes.items)
      add(sandbox.labels, sandboxPrint(sandbox.id, isReady(sandbox)), isReady(sandbox));
    for (const container of containers.containers) {
      const state = containerStateName(container.state);
      add(container.labels, containerPrint(container.id, state), state !== "exited");
    }
    return new Map(
      [...parts].map(([uid, part]) => [
        uid,
        { ...part.identity, fingerprint: part.items.sort().join(), alive: part.alive },
      ]),
    );
  }

  /** The fingerprint at the last inspection; undefined if the pod was not looked at yet. */
  lastFingerprint(uid: string): string | undefined {
    return this.#fingerprints.get(uid);
  }

  /** What the last inspection of the pod found. */
  lastView(uid: string): RuntimePod | undefined {
    return this.#views.get(uid);
  }

  forget(uid: string): void {
    this.#views.delete(uid);
    this.#fingerprints.delete(uid);
  }

  /** Everything about one pod. */
  async inspect(pod: PodIdentity, signal?: AbortSignal): Promise<RuntimePod> {
    const filter = { labelSelector: { [labels.podUid]: pod.uid } };
    const [sandboxes, containers] = await Promise.all([
      this.#runtime.listPodSandbox({ filter }, { signal }),
      this.#runtime.listContainers({ filter }, { signal }),
    ]);
    const items = [...sandboxes.items].sort((a, b) => b.createdAt - a.createdAt);
    const listed = [...containers.containers].sort((a, b) => b.createdAt - a.createdAt);
    const [sandboxStatuses, statuses] = await Promise.all([
      Promise.all(items.map((sandbox, index) => this.#sandbox(sandbox, index === 0, signal))),
      Promise.all(newestOfEach(listed).map((container) => this.#container(container, signal))),
    ]);
    const view: RuntimePod = {
      ...pod,
      sandboxes: sandboxStatuses.filter((sandbox) => sandbox !== undefined),
      containers: statuses.filter((container) => container !== undefined),
    };
    const prints = [
      ...view.sandboxes.map((sandbox) => sandboxPrint(sandbox.id, sandbox.ready)),
      ...listed.map((container) => {
        const seen = view.containers.find((candidate) => candidate.id === container.id);
        return containerPrint(container.id, seen?.state ?? containerStateName(container.state));
      }),
    ];
    this.#fingerprints.set(pod.uid, prints.sort().join());
    this.#views.set(pod.uid, view);
    return view;
  }

  async #sandbox(sandbox: CriSandbox, newest: boolean, signal: AbortSignal | undefined) {
    if (!newest && !isReady(sandbox)) {
      const attempt = sandbox.metadata?.attempt ?? 0;
      return {
        id: sandbox.id,
        attempt,
        ready: false,
        createdAtMs: sandbox.createdAt / 1e6,
        hostNetwork: false,
        ips: [],
      };
    }
    const found = await orGone(this.#runtime.podSandboxStatus({ podSandboxId: sandbox.id }, { signal }));
    return found?.status ? toRuntimeSandbox(found.status) : undefined;
  }

  async #container(container: CriContainer, signal: AbortSignal | undefined): Promise<RuntimeContainer | undefined> {
    const known = this.#exited.get(container.id);
    if (known !== undefined) return known;
    const found = await orGone(this.#runtime.containerStatus({ containerId: container.id }, { signal }));
    if (!found?.status) return undefined;
    const { status } = found;
    if (status.state !== "CONTAINER_EXITED") return toRuntimeContainer(status, container.podSandboxId, undefined);
    const message = await terminationMessage(this.#disk, {
      hostPath: status.mounts.find(
        (mount) => mount.containerPath === status.annotations[annotations.terminationMessagePath],
      )?.hostPath,
      policy: status.annotations[annotations.terminationMessagePolicy] ?? "File",
      logPath: status.logPath,
      failed: status.exitCode !== 0,
    });
    const exited = toRuntimeContainer(status, container.podSandboxId, message || undefined);
    this.#exited.set(container.id, exited);
    return exited;
  }

  #dropGone(listed: readonly CriContainer[]): void {
    if (this.#exited.size === 0) return;
    const ids = new Set(listed.map((container) => container.id));
    for (const id of this.#exited.keys()) if (!ids.has(id)) this.#exited.delete(id);
  }
}

function newestOfEach(containers: readonly CriContainer[]): CriContainer[] {
  const seen = new Map<string, number>();
  return containers.filter((container) => {
    const name = container.metadata?.name ?? "";
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count <= incarnations;
  });
}

function isReady(sandbox: CriSandbox): boolean {
  return sandbox.state === "SANDBOX_READY";
}

function sandboxPrint(id: string, ready: boolean): string {
  return `${id}=${ready ? "ready" : "notready"}`;
}

function containerPrint(id: string, state: string): string {
  return `${id}=${state}`;
}

async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isCriError(error, "NotFound")) return undefined;
    throw error;
  }
}
