import {
  type Address,
  createScope,
  type Listener,
  type Log,
  type Platform,
  type Runnable,
  type Scope,
} from "../base/index.ts";
import type { Client } from "../client/index.ts";
import { MetricsRegistry, type ZPage } from "../component/index.ts";
import type { ContainerRuntime } from "../cri/index.ts";
import { assemble, type Parts } from "./assembly/parts.ts";
import { serveKubelet } from "./assembly/server.ts";
import { type KubeletConfiguration, resolveConfiguration } from "./config.ts";
import type { Paths } from "./paths.ts";
import { measuredRuntime } from "./runtime/measured-runtime.ts";
import type { Pod } from "./types.ts";

export interface KubeletOptions {
  readonly platform: Platform;
  readonly log: Log;
  readonly client: Client;
  readonly cri: ContainerRuntime;
  readonly configuration: Partial<KubeletConfiguration> & { readonly nodeName: string };
  /** Node's name for it, `x64` or `arm64`. Default: this process's. */
  readonly architecture?: string;
  /** What `/metrics` shows beside the kubelet's own. */
  readonly metrics?: MetricsRegistry;
  /** `/statusz` and `/flagz`. Default: the former. */
  readonly zPages?: readonly ZPage[];
}

export interface Kubelet extends Runnable {
  readonly configuration: KubeletConfiguration;
  /** Pods on this node, as their workers know them. */
  pods(): readonly Pod[];
  /** Whether the node has reported itself ready. */
  readonly ready: boolean;
  /** Where the HTTPS server listens, once it does. */
  readonly address: Address | undefined;
}

/**
 * Wires a kubelet together. Nothing happens before `run`. When `run` returns, nothing of the kubelet runs any more, but
 * every container does.
 */
export function createKubelet(options: KubeletOptions): Kubelet {
  return new NodeAgent(options);
}

class NodeAgent implements Kubelet {
  readonly name = "kubelet";
  readonly configuration: KubeletConfiguration;
  readonly #options: KubeletOptions;
  #parts: Parts | undefined;
  #listener: Listener | undefined;

  constructor(options: KubeletOptions) {
    const { metrics = new MetricsRegistry(), platform } = options;
    this.#options = { ...options, metrics, cri: measuredRuntime(options.cri, metrics, platform.clock) };
    this.configuration = resolveConfiguration(options.configuration);
  }

  pods(): readonly Pod[] {
    return this.#parts?.workers.pods() ?? [];
  }

  get ready(): boolean {
    return this.#parts?.reporter.ready === true;
  }

  get address(): Address | undefined {
    return this.#listener?.address;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { platform } = this.#options;
    const parts = await assemble(this.#options, this.configuration);
    this.#parts = parts;
    const scope = createScope(signal);
    try {
      await prepareDirectories(platform, parts.paths);
      await parts.cgroups.prepareNode();
      this.#startAll(scope, parts);
      if (this.configuration.enableServer) {
        const listener = await serveKubelet({ ...this.#options, configuration: this.configuration, parts });
        this.#listener = scope.own(listener, (one) => one.close());
      }
      await Promise.race([ended(scope.signal), scope.failed]);
    } finally {
      await scope.close();
    }
  }

  #startAll(scope: Scope, parts: Parts): void {
    // What is owned first is released last: workers hand over to the collector.
    scope.own(parts.collector, (collector) => collector.close());
    scope.own(parts.workers, (workers) => workers.close());
    scope.own(parts.probes, (probes) => probes.close());
    scope.own(parts.configMaps, (objects) => objects.close());
    scope.own(parts.secrets, (objects) => objects.close());
    for (const name of runnables) scope.start(name, (inner) => parts[name].run(inner));
  }
}

/** In the order in which they start. */
const runnables = [
  "broadcaster",
  "services",
  "apiPods",
  "filePods",
  "statuses",
  "reporter",
  "lease",
  "relist",
  "mirrors",
  "housekeeper",
  "rotation",
  "imageGarbage",
  "evictions",
] as const satisfies readonly (keyof Parts)[];

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function prepareDirectories({ disk }: Platform, paths: Paths): Promise<void> {
  await disk.makeDirectory(paths.root, { mode: 0o755 });
  await disk.makeDirectory(paths.pods, { mode: 0o750 });
  await disk.makeDirectory(paths.podLogs, { mode: 0o755 });
}
