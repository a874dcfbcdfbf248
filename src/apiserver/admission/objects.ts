import { type KubeObject, newNotFound } from "../../apimachinery/index.ts";
import { chunkIndex, lowerBound, type Snapshot } from "../cacher/sorted-entries.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import { updateObject } from "../registry/update.ts";
import { createLocalClient } from "../local/local-client.ts";
import type { RequestContext } from "../request/contract.ts";
import type { ApiServer } from "../server.ts";
import { alreadyAdmitted } from "./contract.ts";

/** What plug-ins read of the cluster: the server's own watch caches. */
export interface ClusterObjects {
  /** What the cache holds now; frozen. */
  get<T extends KubeObject>(group: string, resource: string, namespace: string, name: string): T | undefined;
  /** The same, after the cache has seen everything that is committed. For decisions that a stale "no" would spoil. */
  getFresh<T extends KubeObject>(
    group: string,
    resource: string,
    namespace: string,
    name: string,
  ): Promise<T | undefined>;
  list<T extends KubeObject>(group: string, resource: string, namespace: string): Iterable<T>;
  /** Writes the status of an object as it is given, if nobody has changed the object since; rejects with 409 otherwise. */
  writeStatus<T extends KubeObject>(group: string, resource: string, object: T, context: RequestContext): Promise<T>;
  /** As the server itself. Rejects with what the API would answer. */
  create<T extends KubeObject>(group: string, resource: string, object: T): Promise<T>;
  /** Undefined for a kind that is not served. */
  resourceOf(apiVersion: string, kind: string): KindResource | undefined;
  /** All objects of a kind that every request has to look at. Keep it: asking again is then nearly free. */
  collection<T extends KubeObject>(group: string, resource: string): Collection<T>;
}

/** Where objects of a kind are served. */
export interface KindResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespaced: boolean;
}

export interface Collection<T> {
  /** In the order of their keys, frozen; the same array until one of them changes. */
  all(): readonly T[];
}

/** Over a server that is made later, since the server needs its plug-ins first. */
export class ServerObjects implements ClusterObjects {
  #server: ApiServer | undefined;

  attach(server: ApiServer): void {
    this.#server = server;
  }

  get<T extends KubeObject>(group: string, resource: string, namespace: string, name: string): T | undefined {
    const registry = this.#registry(group, resource);
    return registry?.cache.get(registry.keyOf(namespace, name))?.object as T | undefined;
  }

  async getFresh<T extends KubeObject>(
    group: string,
    resource: string,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const registry = this.#registry(group, resource);
    await registry?.cache.fresh();
    return this.get<T>(group, resource, namespace, name);
  }

  *list<T extends KubeObject>(group: string, resource: string, namespace: string): Generator<T> {
    const registry = this.#registry(group, resource);
    if (registry === undefined) return;
    // Most plug-ins look for what most clusters do not have.
    if (registry.cache.size === 0) return;
    const prefix = registry.prefixOf(namespace);
    const { chunks } = registry.cache.snapshot();
    for (let index = Math.max(0, chunkIndex(chunks, prefix)); index < chunks.length; index++) {
      const entries = chunks[index]?.entries ?? [];
      for (let at = lowerBound(entries, prefix); at < entries.length; at++) {
        const entry = entries[at];
        if (entry === undefined || !entry.key.startsWith(prefix)) return;
        yield entry.object as T;
      }
    }
  }

  async writeStatus<T extends KubeObject>(
    group: string,
    resource: string,
    object: T,
    context: RequestContext,
  ): Promise<T> {
    const registry = this.#registry(group, resource);
    const { name = "", namespace = "" } = object.metadata;
    if (registry === undefined) throw newNotFound({ group, resource }, name);
    const { result } = await updateObject(registry, {
      ...{ context, namespace, name, subresource: "status", dryRun: false, fieldManager: "kube-apiserver" },
      options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" },
      admission: alreadyAdmitted,
      produce: (existing) => {
        const { resourceVersion } = object.metadata;
        const metadata = { ...structuredClone(existing?.metadata), resourceVersion };
        return { ...structuredClone(object), metadata } as KubeObject;
      },
    });
    return result.object as T;
  }

  async create<T extends KubeObject>(group: string, resource: string, object: T): Promise<T> {
    if (this.#server === undefined) throw newNotFound({ group, resource }, object.metadata.name ?? "");
    const user = { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] };
    const client = createLocalClient(this.#server, { user, userAgent: "kube-apiserver" });
    return client.resource<T>({ group, version: "v1", resource }).create(object);
  }

  resourceOf(apiVersion: string, kind: string): KindResource | undefined {
    const [version = "", group = ""] = apiVersion.split("/").toReversed();
    const served = this.#server?.catalog.table.find(
      ({ descriptor: { gvk } }) => gvk.group === group && gvk.version === version && gvk.kind === kind,
    );
    if (served === undefined) return undefined;
    const { name, namespaced } = served.descriptor.facts;
    return { group, version, resource: name, namespaced };
  }

  collection<T extends KubeObject>(group: string, resource: string): Collection<T> {
    return new LiveCollection<T>(() => this.#registry(group, resource));
  }

  /** Fills the caches that plug-ins read, so that their first answers are true. */
  async fill(resources: readonly (readonly [group: string, resource: string])[]): Promise<void> {
    await Promise.all(resources.map(([group, resource]) => this.#registry(group, resource)?.cache.start()));
  }

  #registry(group: string, resource: string): ResourceRegistry | undefined {
    return this.#server?.catalog.table.get(group, "v1", resource)?.registry;
  }
}

const nothing: readonly never[] = [];

/** Built-in resources are served from start to end, so their registry is looked up once. */
class LiveCollection<T> implements Collection<T> {
  readonly #find: () => ResourceRegistry | undefined;
  #registry: ResourceRegistry | undefined;
  #chunks: Snapshot["chunks"] | undefined;
  #all: readonly T[] = nothing;

  constructor(find: () => ResourceRegistry | undefined) {
    this.#find = find;
  }

  all(): readonly T[] {
    this.#registry ??= this.#find();
    if (this.#registry === undefined || this.#registry.cache.size === 0) return nothing;
    // A collection's chunks are replaced when it changes.
    const { chunks } = this.#registry.cache.snapshot();
    if (chunks !== this.#chunks) {
      this.#chunks = chunks;
      this.#all = chunks.flatMap(({ entries }) => entries.map((entry) => entry.object as T));
    }
    return this.#all;
  }
}
