import type { APIService } from "../../api/index.ts";
import { semanticEqual } from "../../apimachinery/index.ts";
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

/**
 * Keeps an APIService for each group version that this server serves by itself. Those of built-in kinds are put right
 * once, when the server starts; those of custom resources always. Without the label nobody touches them: so another
 * server can take a group version over. Upstream: the auto-registration controller.
 */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #wanted = new Map<string, APIService>();
  /** Registrations that were there before this server. */
  readonly #atStart = new Set<string>();
  readonly #synced = new Set<string>();
  readonly #dirty = new Set<string>();
  #scheduled = false;
  #started = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Registers what is served now, and from then on what comes and goes, until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const { cache, table } = this.#options;
    await cache.start();
    for (const { entries } of cache.snapshot().chunks) for (const { name } of entries) this.#atStart.add(name);
    table.onChange(() => this.#schedule(settleMs, signal), signal);
    this.#started = true;
    for (const name of this.#atStart) this.#dirty.add(name);
    await this.#sync();
  }

  /** A registration has changed, or has gone. */
  look(name: string, signal: AbortSignal): void {
    if (!this.#started) return;
    this.#dirty.add(name);
    this.#schedule(settleMs, signal);
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
    this.#refresh();
    const names = [...this.#dirty];
    await Promise.all(
      names.map(async (name) => {
        await this.#judge(name);
        this.#synced.add(name);
        this.#dirty.delete(name);
      }),
    );
  }

  /** What is served now; what has come or gone since is to be looked at. */
  #refresh(): void {
    const { source, isBuiltIn } = this.#options;
    // The registry of registrations is not registered itself.
    const served = source.groupVersions().filter(({ group }) => group !== apiServicesResource.group);
    const names = new Set(served.map(apiServiceName));
    for (const name of this.#wanted.keys()) {
      if (names.has(name)) continue;
      this.#wanted.delete(name);
      this.#dirty.add(name);
    }
    for (const groupVersion of served) {
      const name = apiServiceName(groupVersion);
      if (this.#wanted.has(name)) continue;
      this.#wanted.set(name, desired(groupVersion, isBuiltIn(groupVersion)));
      this.#dirty.add(name);
    }
  }

  /** Creates, puts right or removes one registration, as upstream's table of cases has it. */
  async #judge(name: string): Promise<void> {
    const { cache, client } = this.#options;
    const services = client.resource<APIService>(apiServicesResource);
    const wanted = this.#wanted.get(name);
    const current = cache.get(cache.prefix + name)?.object as APIService | undefined;
    const synced = this.#synced.has(name);
    if (wanted !== undefined && managed(wanted) === "onstart" && synced) return;
    if (current === undefined) {
      if (wanted !== undefined) await unless(isAlreadyExists, services.create(wanted));
      return;
    }
    const how = managed(current);
    if (how !== "onstart" && how !== "true") return;
    if (how === "onstart" && (synced || !this.#atStart.has(name))) return;
    const gone = (error: unknown) => isNotFound(error) || isConflict(error);
    if (wanted === undefined) {
      const { uid } = current.metadata;
      await unless(gone, services.delete(name, uid === undefined ? {} : { preconditions: { uid } }));
    } else if (!semanticEqual(current.spec, wanted.spec)) {
      await unless(gone, services.update({ ...current, spec: { ...wanted.spec } }));
    }
  }
}

function managed({ metadata }: APIService): string | undefined {
  return metadata.labels?.[label];
}

function desired(groupVersion: GroupVersion, isBuiltIn: boolean): APIService {
  const { group, version } = priorityOf(groupVersion, !isBuiltIn);
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: apiServiceName(groupVersion), labels: { [label]: isBuiltIn ? "onstart" : "true" } },
    spec: { ...groupVersion, groupPriorityMinimum: group, versionPriority: version },
  };
}

/** Somebody else was faster; there will be news of it. */
async function unless(expected: (error: unknown) => boolean, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!expected(error)) throw error;
  }
}
