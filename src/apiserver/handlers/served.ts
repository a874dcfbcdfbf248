import type { SubresourceFacts } from "../../apimachinery/index.ts";
import type { ResourceDescriptor } from "../registry/contract.ts";
import type { ComputedObjects } from "./computed.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";

/** One resource of one group and version, as the server serves it. */
export interface ServedResource {
  readonly descriptor: ResourceDescriptor;
  readonly registry: ResourceRegistry;
  readonly verbs: ReadonlySet<string>;
  readonly subresources: ReadonlyMap<string, SubresourceFacts>;
  /** Where its objects come from that are in no store. */
  computed: ComputedObjects | undefined;
}

export function serve(registry: ResourceRegistry): ServedResource {
  const { descriptor } = registry;
  const { facts } = descriptor;
  return {
    descriptor,
    registry,
    verbs: new Set(facts.verbs),
    subresources: new Map((facts.subresources ?? []).map((subresource) => [subresource.name, subresource])),
    computed: undefined,
  };
}

/** Everything that is served; custom resources come and go. */
export class ResourceTable {
  readonly #resources = new Map<string, Map<string, ServedResource>>();
  readonly #listeners = new Set<() => void>();
  #revision = 0;

  /** Rises with every change, for what is derived from the table (discovery, OpenAPI). */
  get revision(): number {
    return this.#revision;
  }

  get(group: string, version: string, resource: string): ServedResource | undefined {
    return this.#resources.get(`${group}/${version}`)?.get(resource);
  }

  has(group: string, version: string): boolean {
    return this.#resources.has(`${group}/${version}`);
  }

  add(served: ServedResource): void {
    const { group, version, facts } = served.descriptor;
    const key = `${group}/${version}`;
    const resources = this.#resources.get(key) ?? new Map<string, ServedResource>();
    resources.set(facts.name, served);
    this.#resources.set(key, resources);
    this.#changed();
  }

  remove(group: string, version: string, resource: string): void {
    const resources = this.#resources.get(`${group}/${version}`);
    if (resources?.delete(resource) !== true) return;
    if (resources.size === 0) this.#resources.delete(`${group}/${version}`);
    this.#changed();
  }

  /** Calls after every change, until the signal aborts. */
  onChange(listener: () => void, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener), { once: true });
  }

  #changed(): void {
    this.#revision += 1;
    for (const listener of this.#listeners) listener();
  }

  *all(): Generator<ServedResource, void, undefined> {
    for (const resources of this.#resources.values()) yield* resources.values();
  }

  /** The first served version of a kind or resource, whichever fits. */
  find(predicate: (served: ServedResource) => boolean): ServedResource | undefined {
    for (const served of this.all()) if (predicate(served)) return served;
    return undefined;
  }
}
