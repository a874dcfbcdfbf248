import type { Pod, PodTemplateSpec } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import type { Runnable } from "../../base/index.ts";
import {
  copyOf,
  informerOf,
  type Informer,
  isNamespaceTerminating,
  isNotFound,
  keyOf,
  kinds,
  type ResourceKind,
  UidTrackingExpectations,
} from "../../client/index.ts";
import { claimObjects } from "../claim.ts";
import type { ControllerContext } from "../context.ts";
import type { Key, Result } from "../contract.ts";
import { Controller } from "../controller.ts";
import { isSemanticallyEqual } from "../equality.ts";
import { byControllerUid, controllerOf, groupOf, orphansIn } from "../owners.ts";
import { slowStartBatch } from "../slow-start.ts";
import { sortForDeletion } from "./deletion-order.ts";
import { PodControl } from "./pod-control.ts";
import { isPodActive, isPodReady, isPodTerminating, nextAvailabilityMs } from "./pod-state.ts";
import { type ReplicaStatus, replicaStatus } from "./replica-status.ts";

/** No more pods than this are created or deleted in one look. */
const burstReplicas = 500;

/** What ReplicaSet and ReplicationController differ in. */
export interface ReplicaKind<T extends KubeObject> {
  readonly controllerName: string;
  /** The component that its events name. */
  readonly eventSource: string;
  readonly kind: ResourceKind<T>;
  readonly countsTerminating: boolean;
  view(object: T): ReplicaView;
  withStatus(object: T, status: ReplicaStatus): T;
}

export interface ReplicaView {
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly template: PodTemplateSpec | undefined;
  readonly status: ReplicaStatus | undefined;
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
}

/** Keeps as many pods as wanted: the controller behind ReplicaSets and ReplicationControllers. */
export function createReplicaController<T extends KubeObject>(
  of: ReplicaKind<T>,
  context: ControllerContext,
): Runnable {
  return new ReplicaController(of, context).controller;
}

class ReplicaController<T extends KubeObject> {
  readonly controller: Controller;
  readonly #of: ReplicaKind<T>;
  readonly #context: ControllerContext;
  readonly #sets: Informer<T>;
  readonly #pods: Informer<Pod>;
  readonly #expectations: UidTrackingExpectations;
  readonly #podControl: PodControl;

  constructor(of: ReplicaKind<T>, context: ControllerContext) {
    const { client, clock, log, metrics, informers } = context;
    this.#of = of;
    this.#context = context;
    this.#expectations = new UidTrackingExpectations(clock);
    this.#podControl = new PodControl(client, context.recorder(of.eventSource));
    this.#sets = informerOf(informers, of.kind, { indexes: { controllerUid: byControllerUid } });
    this.#pods = informerOf(informers, kinds.pods, { indexes: { controllerUid: byControllerUid } });
    this.controller = new Controller({
      name: of.controllerName,
      clock,
      log,
      metrics,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    });
    this.controller.watch(this.#sets, (object) => [keyOf(object)]);
    this.controller.waitFor(this.#pods);
    this.#sets.addHandler({ onDelete: (object) => this.#expectations.forget(keyOf(object)) });
    this.#pods.addHandler({
      onAdd: (pod) => (pod.metadata.deletionTimestamp === undefined ? this.#podAdded(pod) : this.#podDeleted(pod)),
      onUpdate: (previous, pod) => this.#podUpdated(previous, pod),
      onDelete: (pod) => this.#podDeleted(pod),
    });
  }

  #setOf(pod: Pod): T | undefined {
    const reference = controllerOf(pod);
    const { kind, group } = this.#of.kind;
    if (reference === undefined || reference.kind !== kind || groupOf(reference.apiVersion) !== group) return undefined;
    const set = this.#sets.lister.get(`${pod.metadata.namespace ?? ""}/${reference.name}`);
    return set?.metadata.uid === reference.uid ? set : undefined;
  }

  #podAdded(pod: Pod): void {
    const set = this.#setOf(pod);
    if (set !== undefined) {
      this.#expectations.creationObserved(keyOf(set));
      return this.controller.enqueue(keyOf(set));
    }
    if (controllerOf(pod) === undefined) this.#enqueueMatching(pod);
  }

  #podUpdated(previous: Pod, pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#podDeleted(pod);
      return;
    }
    const set = this.#setOf(pod);
    const previousSet = this.#setOf(previous);
    if (previousSet !== undefined && previousSet !== set) this.controller.enqueue(keyOf(previousSet));
    if (set === undefined) {
      if (controllerOf(pod) === undefined) this.#enqueueMatching(pod);
      return;
    }
    this.controller.enqueue(keyOf(set));
    const { minReadySeconds } = this.#of.view(set);
    if (minReadySeconds > 0 && !isPodReady(previous) && isPodReady(pod)) {
      // A second more than needed, for clocks that differ between the node and here.
      this.controller.enqueueAfter(keyOf(set), (minReadySeconds + 1) * 1000);
    }
  }

  #podDeleted(pod: Pod): void {
    const set = this.#setOf(pod);
    if (set === undefined) return;
    this.#expectations.deletionOfObserved(keyOf(set), pod.metadata.uid ?? "");
    this.controller.enqueue(keyOf(set));
  }

  /** A pod without a controller may be wanted by someone. */
  #enqueueMatching(pod: Pod): void {
    for (const set of this.#sets.lister.listNamespace(pod.metadata.namespace ?? "")) {
      if (this.#of.view(set).matches(pod.metadata.labels)) this.controller.enqueue(keyOf(set));
    }
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const set = this.#sets.lister.get(key);
    if (set === undefined) {
      this.#expectations.forget(key);
      return undefined;
    }
    const view = this.#of.view(set);
    const mayAct = this.#expectations.satisfied(key);
    const candidates = this.#candidates(set);
    const active = await this.#claim(set, view, candidates.filter(isPodActive));
    const terminating = candidates.filter(
      (pod) => isPodTerminating(pod) && controllerOf(pod)?.uid === set.metadata.uid,
    ).length;
    const failure =
      mayAct && set.metadata.deletionTimestamp === undefined ? await this.#manage(key, set, view, active) : undefined;
    await this.#updateStatus(set, view, active, terminating, failure);
    if (failure !== undefined) throw failure;
    const waitMs = nextAvailabilityMs(active, view.minReadySeconds, this.#context.clock.now());
    return waitMs === undefined ? undefined : { requeueAfterMs: waitMs };
  }

  #candidates(set: T): Pod[] {
    const { uid = "", namespace } = set.metadata;
    const { lister } = this.#pods;
    return [...lister.byIndex("controllerUid", uid), ...lister.byIndex("controllerUid", orphansIn(namespace))];
  }

  #claim(set: T, view: ReplicaView, pods: readonly Pod[]): Promise<Pod[]> {
    const { client } = this.#context;
    const { namespace = "", name = "" } = set.metadata;
    return claimObjects({
      owner: set,
      ownerKind: this.#of.kind,
      objects: pods,
      matches: (pod) => view.matches(pod.metadata.labels),
      client: client.resource<Pod>(kinds.pods).namespace(namespace),
      freshOwner: () => client.resource<T>(this.#of.kind).namespace(namespace).get(name),
    });
  }

  /** Creates or deletes pods. Returns what went wrong. */
  #manage(key: Key, set: T, view: ReplicaView, active: readonly Pod[]): Promise<unknown> {
    const missing = view.replicas - active.length;
    if (missing > 0) return this.#create(key, set, view, Math.min(missing, burstReplicas));
    if (missing < 0) return this.#delete(key, set, active, Math.min(-missing, burstReplicas));
    return Promise.resolve(undefined);
  }

  async #create(key: Key, set: T, view: ReplicaView, count: number): Promise<unknown> {
    const { template } = view;
    if (template === undefined) return undefined;
    const owner = { object: set, kind: this.#of.kind };
    this.#expectations.expectCreations(key, count);
    const { succeeded, error } = await slowStartBatch(count, 1, async () => {
      await this.#podControl.createFromTemplate(template, owner).catch((failure: unknown) => {
        // Nothing can be made there any more, and nothing needs to be.
        if (!isNamespaceTerminating(failure)) throw failure;
        this.#expectations.creationObserved(key);
      });
    });
    if (succeeded < count) this.#expectations.lowerCreations(key, count - succeeded);
    return error;
  }

  async #delete(key: Key, set: T, active: readonly Pod[], count: number): Promise<unknown> {
    const { namespace = "" } = set.metadata;
    const chosen = this.#chooseForDeletion(set, active, count);
    this.#expectations.expectDeletionsOf(
      key,
      chosen.map((pod) => pod.metadata.uid ?? ""),
    );
    const results = await Promise.all(
      chosen.map(async ({ metadata: { name = "", uid = "" } }) => {
        try {
          await this.#podControl.delete(namespace, name, { object: set, kind: this.#of.kind });
          return undefined;
        } catch (error) {
          // The informer will not tell of a deletion that was not ours.
          this.#expectations.deletionOfObserved(key, uid);
          return isNotFound(error) ? undefined : error;
        }
      }),
    );
    return results.find((error) => error !== undefined);
  }

  #chooseForDeletion(set: T, active: readonly Pod[], count: number): readonly Pod[] {
    if (count >= active.length) return active;
    const perNode = new Map<string, number>();
    for (const pod of this.#relatedPods(set)) {
      const node = pod.spec.nodeName ?? "";
      perNode.set(node, (perNode.get(node) ?? 0) + 1);
    }
    const ranked = active.map((pod) => ({ pod, rank: perNode.get(pod.spec.nodeName ?? "") ?? 0 }));
    return sortForDeletion(ranked, this.#context.clock.now()).slice(0, count);
  }

  /** The active pods of all sets that have the same controller: the old and the new of one Deployment. */
  #relatedPods(set: T): Pod[] {
    const controller = controllerOf(set);
    const sets = controller === undefined ? [set] : this.#sets.lister.byIndex("controllerUid", controller.uid);
    return sets
      .flatMap(({ metadata: { uid = "" } }) => this.#pods.lister.byIndex("controllerUid", uid))
      .filter(isPodActive);
  }

  async #updateStatus(
    set: T,
    view: ReplicaView,
    active: readonly Pod[],
    terminating: number,
    failure: unknown,
  ): Promise<void> {
    const status = replicaStatus({
      previous: view.status,
      template: view.template,
      minReadySeconds: view.minReadySeconds,
      wanted: view.replicas,
      active,
      terminating: this.#of.countsTerminating ? terminating : undefined,
      failure,
      nowMs: this.#context.clock.now(),
    });
    const generation = set.metadata.generation;
    if (generation !== undefined) status.observedGeneration = generation;
    if (isSameStatus(view.status, status)) return;
    const { namespace = "" } = set.metadata;
    const client = this.#context.client.resource<T>(this.#of.kind).namespace(namespace);
    try {
      await client.updateStatus(this.#of.withStatus(copyOf(set), status));
    } catch (error) {
      // Deleted meanwhile: nobody needs the status.
      if (!isNotFound(error)) throw error;
    }
  }
}

function isSameStatus(previous: ReplicaStatus | undefined, next: ReplicaStatus): boolean {
  const counts = [
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "terminatingReplicas",
    "observedGeneration",
  ] as const;
  if (previous === undefined) return false;
  return (
    counts.every((name) => (previous[name] ?? 0) === (next[name] ?? 0)) &&
    isSemanticallyEqual(previous.conditions, next.conditions)
  );
}
