import type { KubeObject, OwnerReference } from "../../apimachinery/index.ts";
import type { Clock, Log } from "../../base/index.ts";
import {
  type DiscoveredResource,
  isConflict,
  isNotFound,
  LruMap,
  orNotFound,
  retryOnConflict,
  type ResourceClient,
} from "../../client/index.ts";
import {
  blockingDependents,
  foregroundFinalizer,
  hasFinalizer,
  type Node,
  orphanFinalizer,
  type OwnerGraph,
} from "./graph.ts";
import type { ResourceMap } from "./resource-map.ts";

export interface CollectorOptions {
  readonly graph: OwnerGraph;
  readonly resources: ResourceMap;
  readonly clock: Clock;
  readonly log: Log;
  readonly attemptToDelete: (uid: string) => void;
}

interface Classified {
  readonly solid: readonly OwnerReference[];
  readonly dangling: readonly OwnerReference[];
  readonly waiting: readonly OwnerReference[];
}

/** Acts on what the graph found, after looking at the server itself: the graph may be behind. */
export class Collector {
  readonly #options: CollectorOptions;
  /** Owners known not to exist; uids are never used again. */
  readonly #absent = new LruMap<true>(500);

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  async attemptToDelete(uid: string): Promise<void> {
    const { graph, resources } = this.#options;
    const node = graph.get(uid);
    if (node === undefined || (node.beingDeleted && !node.deletingDependents)) return;
    const { apiVersion, kind, namespace, name } = node.identity;
    const resource = resources.find(apiVersion, kind);
    // A kind that nobody serves: wait until somebody does, rather than take its absence for a deletion.
    if (resource === undefined) {
      if (node.virtual) throw new Error(`no resource serves ${apiVersion} ${kind}`);
      return;
    }
    const client = resources.scoped(resource, namespace);
    const latest = await orNotFound(client.get(name));
    if (latest === undefined || latest.metadata.uid !== uid) {
      this.#absent.set(uid, true);
      return graph.deleted(uid);
    }
    if (node.virtual) return graph.observed(latest, node.identity);
    if (node.deletingDependents) return this.#finishForeground(node, client);
    await this.#deleteUnlessOwned(node, latest, client);
  }

  /** Releases the dependents, then the owner itself. */
  async attemptToOrphan(uid: string): Promise<void> {
    const { graph, resources } = this.#options;
    const node = graph.get(uid);
    const resource = node === undefined ? undefined : resources.find(node.identity.apiVersion, node.identity.kind);
    if (node === undefined || resource === undefined) return;
    await Promise.all([...node.dependents].map((dependent) => this.#dropReferences(dependent, [uid])));
    await this.#removeFinalizer(resource, node, orphanFinalizer);
  }

  async #finishForeground(node: Node, client: ResourceClient<KubeObject>): Promise<void> {
    const blocking = blockingDependents(node);
    for (const dependent of blocking) {
      if (!dependent.deletingDependents) this.#options.attemptToDelete(dependent.identity.uid);
    }
    if (blocking.length > 0) return;
    await this.#removeFinalizerWith(client, node, foregroundFinalizer);
  }

  async #deleteUnlessOwned(node: Node, latest: KubeObject, client: ResourceClient<KubeObject>): Promise<void> {
    const references = latest.metadata.ownerReferences ?? [];
    if (references.length === 0) return;
    const { solid, dangling, waiting } = await this.#classify(references, node.identity.namespace);
    if (solid.length > 0) {
      const gone = [...dangling, ...waiting].map((reference) => reference.uid);
      if (gone.length > 0) await this.#dropReferences(node, gone);
      return;
    }
    if (waiting.length > 0 && node.dependents.size > 0) {
      // Two that wait for each other: this one stops blocking.
      if ([...node.dependents].some((dependent) => dependent.deletingDependents)) await this.#unblock(client, latest);
      return this.#delete(client, latest, "Foreground");
    }
    const policy = hasFinalizer(latest, orphanFinalizer)
      ? "Orphan"
      : hasFinalizer(latest, foregroundFinalizer)
        ? "Foreground"
        : "Background";
    return this.#delete(client, latest, policy);
  }

  async #classify(references: readonly OwnerReference[], namespace: string): Promise<Classified> {
    const solid: OwnerReference[] = [];
    const dangling: OwnerReference[] = [];
    const waiting: OwnerReference[] = [];
    for (const reference of references) {
      const owner = await this.#ownerOf(reference, namespace);
      if (owner === undefined) dangling.push(reference);
      else if (owner.metadata.deletionTimestamp !== undefined && hasFinalizer(owner, foregroundFinalizer))
        waiting.push(reference);
      else solid.push(reference);
    }
    return { solid, dangling, waiting };
  }

  async #ownerOf(reference: OwnerReference, namespace: string): Promise<KubeObject | undefined> {
    if (this.#absent.get(reference.uid) === true) return undefined;
    const { resources } = this.#options;
    const resource = resources.find(reference.apiVersion, reference.kind);
    if (resource === undefined) throw new Error(`no resource serves ${reference.apiVersion} ${reference.kind}`);
    // An object without a namespace cannot be owned from within one.
    const impossible = resource.namespaced && namespace === "";
    const owner = impossible ? undefined : await orNotFound(resources.scoped(resource, namespace).get(reference.name));
    if (owner?.metadata.uid === reference.uid) return owner;
    this.#absent.set(reference.uid, true);
    return undefined;
  }

  async #delete(
    client: ResourceClient<KubeObject>,
    object: KubeObject,
    propagationPolicy: "Orphan" | "Foreground" | "Background",
  ): Promise<void> {
    const { name = "", uid, resourceVersion } = object.metadata;
    try {
      await client.delete(name, { propagationPolicy, preconditions: { uid, resourceVersion } });
    } catch (error) {
      if (isNotFound(error)) return;
      // It changed since it was looked at, perhaps its owners: look again.
      if (!isConflict(error)) throw error;
      this.#options.attemptToDelete(uid ?? "");
    }
  }

  async #dropReferences(node: Node, owners: readonly string[]): Promise<void> {
    const { resources } = this.#options;
    const { apiVersion, kind, namespace, name, uid } = node.identity;
    const resource = resources.find(apiVersion, kind);
    if (resource === undefined) return;
    const client = resources.scoped(resource, namespace);
    await this.#change(client, name, uid, (object) => {
      const kept = (object.metadata.ownerReferences ?? []).filter((reference) => !owners.includes(reference.uid));
      return { ownerReferences: kept };
    });
  }

  async #unblock(client: ResourceClient<KubeObject>, { metadata }: KubeObject): Promise<void> {
    await this.#change(client, metadata.name ?? "", metadata.uid ?? "", (object) => ({
      ownerReferences: (object.metadata.ownerReferences ?? []).map((reference) => ({
        ...reference,
        blockOwnerDeletion: false,
      })),
    }));
  }

  #removeFinalizer(resource: DiscoveredResource, node: Node, finalizer: string): Promise<void> {
    return this.#removeFinalizerWith(
      this.#options.resources.scoped(resource, node.identity.namespace),
      node,
      finalizer,
    );
  }

  async #removeFinalizerWith(client: ResourceClient<KubeObject>, node: Node, finalizer: string): Promise<void> {
    await this.#change(client, node.identity.name, node.identity.uid, (object) => {
      const finalizers = object.metadata.finalizers ?? [];
      return finalizers.includes(finalizer) ? { finalizers: finalizers.filter((one) => one !== finalizer) } : undefined;
    });
  }

  /** A merge patch that fails if the object changed after it was read, and is then made anew. */
  async #change(
    client: ResourceClient<KubeObject>,
    name: string,
    uid: string,
    make: (object: KubeObject) => Partial<KubeObject["metadata"]> | undefined,
  ): Promise<void> {
    const { clock } = this.#options;
    await retryOnConflict({ clock }, async () => {
      const current = await orNotFound(client.get(name));
      const change = current === undefined || current.metadata.uid !== uid ? undefined : make(current);
      if (current === undefined || change === undefined) return;
      const metadata = { uid, resourceVersion: current.metadata.resourceVersion, ...change };
      await orNotFound(client.patch(name, { type: "merge", body: { metadata } }));
    });
  }
}
