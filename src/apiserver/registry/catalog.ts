import type { Scheme } from "../../api/index.ts";
import type { Clock, Log, Random } from "../../base/index.ts";
import type { Store } from "../../storage/index.ts";
import type { AdmissionChain } from "../admission/chain.ts";
import type { StoreHub } from "../cacher/hub.ts";
import { ResourceCache } from "../cacher/resource-cache.ts";
import { ResourceTable, serve } from "../handlers/served.ts";
import type { ResourceDescriptor } from "./contract.ts";
import { type Converter, describeBuiltIn, type StrategyTable } from "./descriptors.ts";
import { ResourceRegistry } from "./resource-registry.ts";
import { storedShape } from "./stored-shape.ts";

export interface CatalogOptions {
  readonly scheme: Scheme;
  readonly store: Store;
  readonly hub: StoreHub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly admission: AdmissionChain;
  readonly strategies: StrategyTable;
  readonly converters: ReadonlyMap<string, Converter>;
}

/** Makes registries for descriptors; versions of one resource share a cache. */
export class Catalog {
  readonly table = new ResourceTable();
  readonly #options: CatalogOptions;
  readonly #caches = new Map<string, ResourceCache>();

  constructor(options: CatalogOptions) {
    this.#options = options;
    const { scheme, strategies, converters } = options;
    for (const resource of scheme.resources()) {
      // Virtual resources (reviews, bindings) have nothing stored.
      if (!resource.facts.verbs.includes("get")) continue;
      this.add(describeBuiltIn(scheme, resource, strategies, converters));
    }
  }

  add(descriptor: ResourceDescriptor): void {
    const { store, clock, random, admission } = this.#options;
    const registry = new ResourceRegistry({
      descriptor,
      cache: this.#cacheFor(descriptor),
      store,
      clock,
      random,
      admission,
    });
    this.table.add(serve(registry));
  }

  #cacheFor(descriptor: ResourceDescriptor): ResourceCache {
    const prefix = descriptor.storagePrefix;
    const known = this.#caches.get(prefix);
    if (known !== undefined) return known;
    const { store, hub, log } = this.#options;
    const { strategy } = descriptor;
    const indexed = (strategy.indexedFields ?? []).flatMap((field) => {
      const read = strategy.selectableFields?.[field];
      return read === undefined ? [] : [[field, read] as const];
    });
    const shape = storedShape(descriptor);
    const cache = new ResourceCache({ prefix, shape, store, hub, log, indexes: Object.fromEntries(indexed) });
    this.#caches.set(prefix, cache);
    return cache;
  }

  /** Ends the cache of a resource that is no longer served, or is stored in another version from now on. */
  forget(prefix: string): void {
    this.#caches.get(prefix)?.stop();
    this.#caches.delete(prefix);
  }

  caches(): Iterable<ResourceCache> {
    return this.#caches.values();
  }
}
