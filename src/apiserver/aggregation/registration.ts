import type { APIService } from "../../api/index.ts";
import { type Clock, type Log, messageOf } from "../../base/index.ts";
import { type Client, isAlreadyExists, isConflict, isNotFound } from "../../client/index.ts";
import type { DiscoverySource } from "../discovery/plain.ts";
import type { ResourceTable } from "../handlers/served.ts";
import type { ResourceCache } from "../cacher/resource-cache.ts";
import { apiServiceName, apiServicesResource, type GroupVersion } from "./api-services.ts";
import { priorityOf } from "./priorities.ts";

const label = "kube-aggregator.kubernetes.io/automanaged";
const settleMs = 50;
const retryMs = 1_000;

export interface RegistrationOptions {
  readonly source: DiscoverySource;
  readonly table: ResourceTable;
  readonly isBuiltIn: (groupVersion: GroupVersion) => boolean;
  readonly cache: ResourceCache;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps an APIService for each group version that this server serves by itself. Upstream: the auto-registration controller. */
export class Registration {
  readonly #options: RegistrationOptions;
  #scheduled = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Registers what is served now, and from then on what comes and goes, until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    this.#options.table.onChange(() => this.#schedule(settleMs, signal), signal);
    await this.#sync();
  }

  /** A definition that changes is taken away and put back in one go; wait for it to settle. */
  #schedule(ms: number, signal: AbortSignal): void {
    if (this.#scheduled || signal.aborted) return;
    const { clock, log } = this.#options;
    this.#scheduled = true;
    clock.after(ms, () => {
      this.#scheduled = false;
      if (signal.aborted) return;
      this.#sync().catch((error: unknown) => {
        if (signal.aborted) return;
        log.warn("API services cannot be registered", { error: messageOf(error) });
        this.#schedule(retryMs, signal);
      });
    });
  }

  async #sync(): Promise<void> {
    const { source, cache } = this.#options;
    await cache.start();
    // The registry of registrations is not registered itself.
    const wanted = source.groupVersions().filter(({ group }) => group !== apiServicesResource.group);
    await Promise.all(wanted.map((groupVersion) => this.#ensure(groupVersion)));
    const names = new Set(wanted.map(apiServiceName));
    const stale = this.#automatic().filter((name) => !names.has(name));
    await Promise.all(stale.map((name) => this.#remove(name)));
  }

  /** Names of those that were made for what came at run time. */
  #automatic(): string[] {
    return this.#options.cache
      .snapshot()
      .chunks.flatMap(({ entries }) => entries)
      .filter(({ labels }) => labels[label] !== undefined)
      .map(({ name }) => name);
  }

  async #ensure(groupVersion: GroupVersion): Promise<void> {
    const { cache, client, isBuiltIn } = this.#options;
    const name = apiServiceName(groupVersion);
    if (cache.get(cache.prefix + name) !== undefined) return;
    const builtIn = isBuiltIn(groupVersion);
    const { group, version } = priorityOf(groupVersion, !builtIn);
    const object: APIService = {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name, labels: { [label]: builtIn ? "onstart" : "true" } },
      spec: { ...groupVersion, groupPriorityMinimum: group, versionPriority: version },
    };
    await client
      .resource<APIService>(apiServicesResource)
      .create(object)
      .catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
  }

  async #remove(name: string): Promise<void> {
    await this.#options.client
      .resource<APIService>(apiServicesResource)
      .delete(name)
      .catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error)) throw error;
      });
  }
}
