import type { KubeObject, OwnerReference } from "../../apimachinery/index.ts";

export const orphanFinalizer = "orphan";
export const foregroundFinalizer = "foregroundDeletion";

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** An object in the graph. `virtual`: only references to it have been seen. */
export interface Node {
  identity: Identity;
  owners: readonly OwnerReference[];
  readonly dependents: Set<Node>;
  beingDeleted: boolean;
  /** In foreground deletion: waits for its dependents. */
  deletingDependents: boolean;
  virtual: boolean;
}

/** What a change of the graph asks for. Both may name one object several times. */
export interface GraphEffects {
  attemptToDelete(uid: string): void;
  attemptToOrphan(uid: string): void;
}

/**
 * Who depends on whom, by uid, as told by the informers of all resources in any order. Changes of it say what has to be
 * looked at; it never talks to the server.
 */
export class OwnerGraph {
  readonly #nodes = new Map<string, Node>();
  readonly #effects: GraphEffects;

  constructor(effects: GraphEffects) {
    this.#effects = effects;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get(uid: string): Node | undefined {
    return this.#nodes.get(uid);
  }

  nodes(): Iterable<Node> {
    return this.#nodes.values();
  }

  observed(
    object: KubeObject,
    kind: { readonly apiVersion: string; readonly kind: string },
    previous?: KubeObject,
  ): void {
    const { uid = "", namespace = "", name = "" } = object.metadata;
    const identity = { apiVersion: kind.apiVersion, kind: kind.kind, namespace, name, uid };
    const node = this.#nodes.get(uid);
    if (node === undefined) this.#insert(identity, object);
    else this.#update(node, identity, object);
    this.#noteDeletion(object, previous);
  }

  deleted(uid: string): void {
    const node = this.#nodes.get(uid);
    if (node === undefined) return;
    this.#nodes.delete(uid);
    for (const { uid: owner } of node.owners) this.#nodes.get(owner)?.dependents.delete(node);
    for (const dependent of node.dependents) this.#effects.attemptToDelete(dependent.identity.uid);
    for (const { uid: owner } of node.owners) {
      if (this.#nodes.get(owner)?.deletingDependents === true) this.#effects.attemptToDelete(owner);
    }
  }

  #insert(identity: Identity, object: KubeObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    const node: Node = {
      identity,
      owners,
      dependents: new Set(),
      beingDeleted: false,
      deletingDependents: false,
      virtual: false,
    };
    this.#nodes.set(identity.uid, node);
    for (const owner of owners) this.#addDependent(owner, node);
  }

  /** An owner that nobody has seen yet is put in as virtual, and looked up at the server. */
  #addDependent(owner: OwnerReference, dependent: Node): void {
    const known = this.#nodes.get(owner.uid);
    if (known !== undefined) {
      known.dependents.add(dependent);
      return;
    }
    const { apiVersion, kind, name, uid } = owner;
    const identity = { apiVersion, kind, name, uid, namespace: dependent.identity.namespace };
    this.#nodes.set(uid, {
      identity,
      owners: [],
      dependents: new Set([dependent]),
      beingDeleted: false,
      deletingDependents: false,
      virtual: true,
    });
    this.#effects.attemptToDelete(uid);
  }

  #update(node: Node, identity: Identity, object: KubeObject): void {
    node.identity = identity;
    node.virtual = false;
    const owners = object.metadata.ownerReferences ?? [];
    const before = new Map(node.owners.map((owner) => [owner.uid, owner]));
    const after = new Map(owners.map((owner) => [owner.uid, owner]));
    node.owners = owners;
    for (const owner of owners) if (!before.has(owner.uid)) this.#addDependent(owner, node);
    for (const [uid, owner] of before) {
      const now = after.get(uid);
      if (now === undefined) this.#nodes.get(uid)?.dependents.delete(node);
      const unblocked = owner.blockOwnerDeletion === true && now?.blockOwnerDeletion !== true;
      if (unblocked && this.#nodes.get(uid)?.deletingDependents === true) this.#effects.attemptToDelete(uid);
    }
  }

  #noteDeletion({ metadata }: KubeObject, previous: KubeObject | undefined): void {
    const node = this.#nodes.get(metadata.uid ?? "");
    if (node === undefined || metadata.deletionTimestamp === undefined) return;
    node.beingDeleted = true;
    const starts = (finalizer: string): boolean => {
      const had = previous?.metadata.deletionTimestamp !== undefined && hasFinalizer(previous, finalizer);
      return !had && (metadata.finalizers ?? []).includes(finalizer);
    };
    if (starts(orphanFinalizer)) this.#effects.attemptToOrphan(node.identity.uid);
    if (!starts(foregroundFinalizer)) return;
    node.deletingDependents = true;
    for (const dependent of node.dependents) this.#effects.attemptToDelete(dependent.identity.uid);
    this.#effects.attemptToDelete(node.identity.uid);
  }
}

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return (object.metadata.finalizers ?? []).includes(finalizer);
}

/** The dependents that keep their owner from going. */
export function blockingDependents(node: Node): Node[] {
  return [...node.dependents].filter((dependent) =>
    dependent.owners.some((owner) => owner.uid === node.identity.uid && owner.blockOwnerDeletion === true),
  );
}
