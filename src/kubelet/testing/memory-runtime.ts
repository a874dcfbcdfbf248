import { BoundedQueue, type Clock, type Timer } from "../../base/index.ts";
import {
  type ContainerRuntime,
  CriError,
  type ImageService,
  type Received,
  type Request,
  type RuntimeService,
} from "../../cri/index.ts";

/** How a container of the runtime in memory behaves. */
export interface Program {
  /** Ends by itself after so long; without it, it runs until it is stopped. */
  readonly runMs?: number;
  readonly exitCode?: number;
  /** How long it takes to end after SIGTERM. Longer than its grace period, it is killed. */
  readonly stopMs?: number;
  /** Cannot be started at all. */
  readonly startError?: string;
}

export interface MemoryRuntimeOptions {
  readonly clock: Clock;
  /** From `loadReceived`: answers are what a client would decode. */
  readonly received: Received;
  /** What a container does; by default it runs until it is stopped. */
  readonly program?: (config: Request<"ContainerConfig">, attempt: number) => Program;
  /** Answers execSync with an exit code. */
  readonly exec?: (container: string, command: readonly string[]) => number;
  readonly images?: readonly string[];
  /** Tell of changes at once; without it they are found by lists only. */
  readonly hints?: boolean;
}

interface Sandbox {
  readonly id: string;
  readonly config: Request<"PodSandboxConfig">;
  readonly createdAt: number;
  readonly ip: string;
  ready: boolean;
}

interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: Request<"ContainerConfig">;
  readonly createdAt: number;
  readonly program: Program;
  state: "CONTAINER_CREATED" | "CONTAINER_RUNNING" | "CONTAINER_EXITED";
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  timer: Timer | undefined;
  readonly ended: PromiseWithResolvers<void>;
}

const nanosPerMs = 1e6;
const killedExitCode = 137;

/** A container runtime without containers: for tests, simulations and hollow nodes, on any clock. */
export class MemoryRuntime implements ContainerRuntime {
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  /** Every call but the reading ones, in order. */
  readonly calls: string[] = [];
  readonly #options: MemoryRuntimeOptions;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, Container>();
  readonly #listeners = new Set<BoundedQueue<{ readonly topic: string }>>();
  #count = 0;

  constructor(options: MemoryRuntimeOptions) {
    this.#options = options;
    this.runtime = {
      ...this.#sandboxCalls(),
      ...this.#containerCalls(),
      ...this.#otherCalls(),
    } as unknown as RuntimeService;
    this.images = this.#imageCalls() as unknown as ImageService;
  }

  close(): void {}

  get running(): number {
    return [...this.#containers.values()].filter((one) => one.state === "CONTAINER_RUNNING").length;
  }

  async *changes(signal: AbortSignal): AsyncGenerator<{ readonly topic: string }> {
    if (this.#options.hints === false) throw new CriError("Unimplemented", "no hints");
    const queue = new BoundedQueue<{ readonly topic: string }>(1_000);
    this.#listeners.add(queue);
    try {
      for (;;) {
        const hint = await queue.shift(signal).catch(() => undefined);
        if (hint === undefined) return;
        yield hint;
      }
    } finally {
      this.#listeners.delete(queue);
    }
  }

  #hint(topic: string): void {
    for (const queue of this.#listeners) queue.push({ topic });
  }

  #now(): number {
    return this.#options.clock.now() * nanosPerMs;
  }

  #sandbox(id: string | null | undefined): Sandbox {
    const found = this.#sandboxes.get(id ?? "");
    if (found === undefined) throw new CriError("NotFound", `sandbox ${id} not found`);
    return found;
  }

  #container(id: string | null | undefined): Container {
    const found = this.#containers.get(id ?? "");
    if (found === undefined) throw new CriError("NotFound", `container ${id} not found`);
    return found;
  }

  #sandboxCalls() {
    return {
      runPodSandbox: async ({ config = {} }: Request<"RunPodSandboxRequest">) => {
        const id = `sandbox-${++this.#count}`;
        this.#note("run sandbox", config?.metadata?.name);
        const ip =
          config?.linux?.securityContext?.namespaceOptions?.network === "NODE"
            ? ""
            : `10.0.${this.#count >> 8}.${this.#count & 255}`;
        this.#sandboxes.set(id, { id, config: config ?? {}, createdAt: this.#now() + this.#count, ip, ready: true });
        return this.#options.received("RunPodSandboxResponse", { podSandboxId: id });
      },
      stopPodSandbox: async ({ podSandboxId = "" }: Request<"StopPodSandboxRequest">) => {
        const sandbox = this.#sandbox(podSandboxId);
        if (sandbox.ready) this.#note("stop sandbox", sandbox.config.metadata?.name);
        sandbox.ready = false;
        for (const one of this.#containers.values()) if (one.sandboxId === podSandboxId) this.#end(one, killedExitCode);
        return this.#options.received("StopPodSandboxResponse", {});
      },
      removePodSandbox: async ({ podSandboxId = "" }: Request<"RemovePodSandboxRequest">) => {
        this.#sandboxes.delete(podSandboxId ?? "");
        for (const one of this.#containers.values())
          if (one.sandboxId === podSandboxId) this.#containers.delete(one.id);
        return this.#options.received("RemovePodSandboxResponse", {});
      },
      podSandboxStatus: async ({ podSandboxId = "" }: Request<"PodSandboxStatusRequest">) => {
        const { config, ip, ...sandbox } = this.#sandbox(podSandboxId);
        const { metadata, labels, annotations, linux } = config;
        const namespaces = { options: linux?.securityContext?.namespaceOptions };
        const state = sandbox.ready ? "SANDBOX_READY" : "SANDBOX_NOTREADY";
        const status = {
          id: sandbox.id,
          metadata,
          labels,
          annotations,
          state,
          createdAt: sandbox.createdAt,
          network: { ip },
          linux: { namespaces },
        } as const;
        return this.#options.received("PodSandboxStatusResponse", { status });
      },
      listPodSandbox: async ({ filter }: Request<"ListPodSandboxRequest"> = {}) => {
        const items = [...this.#sandboxes.values()]
          .filter(({ config }) => matches(config.labels, filter?.labelSelector))
          .map(({ id, config, ready, createdAt }) => ({
            id,
            metadata: config.metadata,
            labels: config.labels,
            state: ready ? ("SANDBOX_READY" as const) : ("SANDBOX_NOTREADY" as const),
            createdAt,
          }));
        return this.#options.received("ListPodSandboxResponse", { items });
      },
    };
  }

  #containerCalls() {
    return {
      createContainer: async ({ podSandboxId = "", config }: Request<"CreateContainerRequest">) => {
        const sandboxId = this.#sandbox(podSandboxId).id;
        const id = `container-${++this.#count}`;
        const attempt = config?.metadata?.attempt ?? 0;
        const program = this.#options.program?.(config ?? {}, attempt) ?? {};
        this.#note("create", config?.metadata?.name);
        const ended = Promise.withResolvers<void>();
        const fresh = {
          state: "CONTAINER_CREATED" as const,
          startedAt: 0,
          finishedAt: 0,
          exitCode: 0,
          timer: undefined,
          ended,
        };
        this.#containers.set(id, {
          id,
          sandboxId,
          config: config ?? {},
          createdAt: this.#now() + this.#count,
          program,
          ...fresh,
        });
        return this.#options.received("CreateContainerResponse", { containerId: id });
      },
      startContainer: async ({ containerId = "" }: Request<"StartContainerRequest">) => {
        const container = this.#container(containerId);
        const { startError, runMs, exitCode = 0 } = container.program;
        if (startError !== undefined) {
          this.#end(container, 128);
          throw new CriError("Unknown", startError);
        }
        this.#note("start", container.config.metadata?.name);
        container.state = "CONTAINER_RUNNING";
        container.startedAt = this.#now();
        if (runMs !== undefined)
          container.timer = this.#options.clock.after(runMs, () => this.#end(container, exitCode));
        this.#hint("/tasks/start");
        return this.#options.received("StartContainerResponse", {});
      },
      stopContainer: async (
        { containerId = "", timeout = 0 }: Request<"StopContainerRequest">,
        { signal }: { signal?: AbortSignal } = {},
      ) => {
        const container = this.#container(containerId);
        if (container.state === "CONTAINER_RUNNING") await this.#stop(container, timeout ?? 0, signal);
        return this.#options.received("StopContainerResponse", {});
      },
      removeContainer: async ({ containerId = "" }: Request<"RemoveContainerRequest">) => {
        this.#containers.delete(containerId ?? "");
        return this.#options.received("RemoveContainerResponse", {});
      },
      listContainers: async ({ filter }: Request<"ListContainersRequest"> = {}) => {
        const containers = [...this.#containers.values()]
          .filter(({ config }) => matches(config.labels, filter?.labelSelector))
          .map(({ id, sandboxId, config, state, createdAt }) => ({
            id,
            podSandboxId: sandboxId,
            metadata: config.metadata,
            labels: config.labels,
            annotations: config.annotations,
            image: config.image,
            state,
            createdAt,
          }));
        return this.#options.received("ListContainersResponse", { containers });
      },
      containerStatus: async ({ containerId = "" }: Request<"ContainerStatusRequest">) => {
        const {
          config,
          program: _,
          timer: __,
          ended: ___,
          sandboxId: ____,
          ...container
        } = this.#container(containerId);
        const { metadata, labels, annotations, image, mounts } = config;
        const reason = container.state !== "CONTAINER_EXITED" ? "" : container.exitCode === 0 ? "Completed" : "Error";
        const status = {
          ...container,
          metadata,
          labels,
          annotations,
          image,
          imageRef: image?.image ?? "",
          mounts,
          reason,
        };
        return this.#options.received("ContainerStatusResponse", { status });
      },
      execSync: async ({ containerId = "", cmd = [] }: Request<"ExecSyncRequest">) => {
        const container = this.#container(containerId);
        if (container.state !== "CONTAINER_RUNNING")
          throw new CriError("Unknown", `container is in ${container.state} state`);
        const exitCode = this.#options.exec?.(container.config.metadata?.name ?? "", cmd ?? []) ?? 0;
        return this.#options.received("ExecSyncResponse", { exitCode });
      },
    };
  }

  async #stop(container: Container, timeoutSeconds: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.#options;
    const name = container.config.metadata?.name;
    const { stopMs = 0 } = container.program;
    this.#note(`stop within ${timeoutSeconds}s`, name);
    const killed = stopMs > timeoutSeconds * 1000;
    const timer = clock.after(Math.min(stopMs, timeoutSeconds * 1000), () =>
      this.#end(container, killed ? killedExitCode : 0),
    );
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(new CriError("Canceled", "context canceled")), { once: true });
    });
    try {
      await Promise.race([container.ended.promise, aborted]);
    } finally {
      timer.cancel();
    }
  }

  #end(container: Container, exitCode: number): void {
    if (container.state === "CONTAINER_EXITED") return;
    container.timer?.cancel();
    container.state = "CONTAINER_EXITED";
    container.exitCode = exitCode;
    container.finishedAt = this.#now();
    container.ended.resolve();
    this.#note(`exit ${exitCode}`, container.config.metadata?.name);
    this.#hint("/tasks/exit");
  }

  #otherCalls() {
    return {
      version: async () =>
        this.#options.received("VersionResponse", {
          version: "0.1.0",
          runtimeName: "memory",
          runtimeVersion: "1",
          runtimeApiVersion: "v1",
        }),
      status: async () => {
        const conditions = ["RuntimeReady", "NetworkReady"].map((type) => ({ type, status: true }));
        return this.#options.received("StatusResponse", { status: { conditions } });
      },
      getContainerEvents: () => {
        throw new CriError("Unimplemented", "no events");
      },
    };
  }

  #imageCalls() {
    const known = new Set(this.#options.images ?? []);
    const has = (name: string): boolean => this.#options.images === undefined || known.has(name);
    return {
      listImages: async () =>
        this.#options.received("ListImagesResponse", {
          images: [...known].map((name) => ({ id: name, repoTags: [name], size: 1_000 })),
        }),
      imageStatus: async ({ image }: Request<"ImageStatusRequest">) => {
        const name = image?.image ?? "";
        return this.#options.received(
          "ImageStatusResponse",
          has(name) ? { image: { id: name, repoTags: [name], size: 1_000 } } : {},
        );
      },
      pullImage: async ({ image }: Request<"PullImageRequest">) => {
        known.add(image?.image ?? "");
        return this.#options.received("PullImageResponse", { imageRef: image?.image ?? "" });
      },
      imageFsInfo: async () => this.#options.received("ImageFsInfoResponse", {}),
    };
  }

  #note(what: string, name: string | null | undefined): void {
    this.calls.push(`${what} ${name ?? ""}`.trim());
  }
}

function matches(
  labels: Readonly<Record<string, string>> | null | undefined,
  selector: Readonly<Record<string, string>> | null | undefined,
): boolean {
  return Object.entries(selector ?? {}).every(([name, value]) => labels?.[name] === value);
}
