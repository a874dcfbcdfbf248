import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from "../../api/index.ts";
import type { OwnerReference } from "../../apimachinery/index.ts";
import { selectorFromObject } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  copyOf,
  type EventRecorder,
  informerOf,
  type Informer,
  isNamespaceTerminating,
  isNotFound,
  keyOf,
  kinds,
  orNotFound,
  referenceTo,
  type ResourceClient,
} from "../../client/index.ts";
import {
  byControllerUid,
  claimObjects,
  Controller,
  type ControllerContext,
  controllerOf,
  findOrCreateRevision,
  isSemanticallyEqual,
  type Key,
  mapOwner,
  nextAvailabilityMs,
  orphansIn,
  type Result,
  revisionsOf,
  trimHistory,
  WriteTracker,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { claimName, claimsOf, ordinalOf, podOf, revisionOfPod, withIdentity } from "./identity.ts";
import { type Effect, type StatefulInput, statefulStatus, statefulStep } from "./step.ts";

const name = "statefulset-controller";

export const statefulSetController: ControllerDescriptor = {
  name,
  create: (context) => new StatefulSetController(context).controller,
};

class StatefulSetController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #written: WriteTracker<Pod>;
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    const { clock, log, metrics, informers } = context;
    this.#context = context;
    this.#recorder = context.recorder(name);
    const indexes = { controllerUid: byControllerUid };
    this.#sets = informerOf(informers, kinds.statefulsets);
    this.#pods = informerOf(informers, kinds.pods, { indexes });
    this.#revisions = informerOf(informers, kinds.controllerrevisions, { indexes });
    this.#claims = informerOf(informers, kinds.persistentvolumeclaims);
    this.#written = new WriteTracker(this.#pods, clock);
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    })
      .watch(this.#sets, (set) => [keyOf(set)])
      .watch(this.#pods, (pod) =>
        controllerOf(pod) === undefined ? this.#selecting(pod) : mapOwner(kinds.statefulsets)(pod),
      )
      .waitFor(this.#revisions, this.#claims);
  }

  #selecting(pod: Pod): Key[] {
    const keys: Key[] = [];
    for (const set of this.#sets.lister.listNamespace(pod.metadata.namespace ?? "")) {
      if (selectorFromObject(set.spec.selector).matches(pod.metadata.labels)) keys.push(keyOf(set));
    }
    return keys;
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const cached = this.#sets.lister.get(key);
    if (cached === undefined) {
      this.#written.forget(key);
      return undefined;
    }
    // Its pods have fixed names: deciding from an old picture would delete the wrong one.
    if (!this.#written.settled(key)) return { requeueAfterMs: 1_000 };
    const set = copyOf(cached);
    const pods = await this.#claim(set);
    const revisions = this.#context.client
      .resource<ControllerRevision>(kinds.controllerrevisions)
      .namespace(set.metadata.namespace ?? "");
    const owner = {
      object: set,
      kind: kinds.statefulsets,
      template: set.spec.template,
      collisionCount: set.status?.collisionCount,
    };
    const {
      current: update,
      all,
      collisionCount,
    } = await findOrCreateRevision(revisions, owner, revisionsOf(this.#revisions.lister, set));
    const current = all.find((revision) => revision.metadata.name === set.status?.currentRevision) ?? update;
    const input: StatefulInput = { set, pods, current, update, nowMs: this.#context.clock.now() };
    await this.#updateStatus(set, input, collisionCount);
    for (const effect of statefulStep(input)) await this.#apply(key, set, effect);
    const inUse = new Set([current.metadata.name ?? "", update.metadata.name ?? "", ...pods.map(revisionOfPod)]);
    await trimHistory(revisions, all, inUse, set.spec.revisionHistoryLimit ?? 10);
    const waitMs = nextAvailabilityMs(pods, set.spec.minReadySeconds ?? 0, input.nowMs);
    return waitMs === undefined ? undefined : { requeueAfterMs: waitMs };
  }

  #claim(set: StatefulSet): Promise<Pod[]> {
    const { client } = this.#context;
    const { namespace = "", name: setName = "", uid = "" } = set.metadata;
    const selector = selectorFromObject(set.spec.selector);
    const { lister } = this.#pods;
    return claimObjects({
      owner: set,
      ownerKind: kinds.statefulsets,
      objects: [...lister.byIndex("controllerUid", uid), ...lister.byIndex("controllerUid", orphansIn(namespace))],
      matches: (pod) => selector.matches(pod.metadata.labels) && ordinalOf(set, pod) !== undefined,
      client: client.resource<Pod>(kinds.pods).namespace(namespace),
      freshOwner: () => client.resource<StatefulSet>(kinds.statefulsets).namespace(namespace).get(setName),
    });
  }

  async #apply(key: Key, set: StatefulSet, effect: Effect): Promise<void> {
    const pods = this.#context.client.resource<Pod>(kinds.pods).namespace(set.metadata.namespace ?? "");
    switch (effect.kind) {
      case "create":
        return this.#create(key, set, pods, podOf(set, effect.revision, effect.ordinal), effect.ordinal);
      case "delete":
        return this.#delete(key, set, pods, effect);
      case "repair":
        return this.#repair(key, set, pods, effect.pod, effect.ordinal);
      case "claims":
        return this.#ensureClaims(set, effect.ordinal, effect.pod.metadata.name ?? "");
    }
  }

  async #create(key: Key, set: StatefulSet, pods: ResourceClient<Pod>, pod: Pod, ordinal: number): Promise<void> {
    const podName = pod.metadata.name ?? "";
    await this.#ensureClaims(set, ordinal, podName);
    try {
      this.#written.wrote(key, await pods.create(pod));
    } catch (error) {
      if (isNamespaceTerminating(error)) return;
      this.#event(
        set,
        "Warning",
        "FailedCreate",
        `Create Pod ${podName} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`,
      );
      throw error;
    }
    this.#event(
      set,
      "Normal",
      "SuccessfulCreate",
      `Create Pod ${podName} in StatefulSet ${set.metadata.name} successful`,
    );
  }

  async #delete(
    key: Key,
    set: StatefulSet,
    pods: ResourceClient<Pod>,
    { pod, because }: Extract<Effect, { kind: "delete" }>,
  ): Promise<void> {
    const { name: podName = "", uid, namespace } = pod.metadata;
    if (because === "ended") {
      const failed = pod.status?.phase === "Failed";
      const reason = failed ? "RecreatingFailedPod" : "RecreatingTerminatedPod";
      const message = `StatefulSet ${namespace}/${set.metadata.name} is recreating ${failed ? "failed" : "terminated"} Pod ${podName}`;
      this.#event(set, failed ? "Warning" : "Normal", reason, message);
    }
    if (because === "surplus") await this.#handOverClaims(set, pod);
    try {
      await pods.delete(podName, { preconditions: { uid } });
    } catch (error) {
      if (isNotFound(error)) return;
      this.#event(
        set,
        "Warning",
        "FailedDelete",
        `Delete Pod ${podName} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`,
      );
      throw error;
    }
    this.#written.deleted(key, pod);
    this.#event(
      set,
      "Normal",
      "SuccessfulDelete",
      `Delete Pod ${podName} in StatefulSet ${set.metadata.name} successful`,
    );
  }

  async #repair(key: Key, set: StatefulSet, pods: ResourceClient<Pod>, pod: Pod, ordinal: number): Promise<void> {
    await this.#ensureClaims(set, ordinal, pod.metadata.name ?? "");
    const repaired = withIdentity(set, pod, ordinal);
    this.#written.wrote(key, await pods.update(repaired));
    this.#event(
      set,
      "Normal",
      "SuccessfulUpdate",
      `Update Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
    );
  }

  async #ensureClaims(set: StatefulSet, ordinal: number, podName: string): Promise<void> {
    const claims = this.#context.client
      .resource<PersistentVolumeClaim>(kinds.persistentvolumeclaims)
      .namespace(set.metadata.namespace ?? "");
    const owners =
      set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete" ? [ownerReference(set)] : undefined;
    for (const claim of claimsOf(set, ordinal)) {
      if (this.#claims.lister.get(keyOf(claim)) !== undefined) continue;
      if ((await orNotFound(claims.get(claim.metadata.name ?? ""))) !== undefined) continue;
      await claims.create(
        owners === undefined ? claim : { ...claim, metadata: { ...claim.metadata, ownerReferences: owners } },
      );
      const message = `Create Claim ${claim.metadata.name} Pod ${podName} in StatefulSet ${set.metadata.name} success`;
      this.#event(set, "Normal", "SuccessfulCreate", message);
    }
  }

  /** With `whenScaled: Delete` the claims of a pod that is scaled away go with it. */
  async #handOverClaims(set: StatefulSet, pod: Pod): Promise<void> {
    const ordinal = ordinalOf(set, pod);
    if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== "Delete" || ordinal === undefined) return;
    const claims = this.#context.client
      .resource<PersistentVolumeClaim>(kinds.persistentvolumeclaims)
      .namespace(set.metadata.namespace ?? "");
    const owner: OwnerReference = {
      apiVersion: "v1",
      kind: "Pod",
      name: pod.metadata.name ?? "",
      uid: pod.metadata.uid ?? "",
    };
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const claim = await orNotFound(claims.get(claimName(set, template, ordinal)));
      if (claim === undefined) continue;
      const others = (claim.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== set.metadata.uid);
      await claims.update({ ...claim, metadata: { ...claim.metadata, ownerReferences: [...others, owner] } });
    }
  }

  async #updateStatus(set: StatefulSet, input: StatefulInput, collisionCount: number): Promise<void> {
    const status = statefulStatus(input, collisionCount);
    if (isSemanticallyEqual(status, set.status)) return;
    const sets = this.#context.client.resource<StatefulSet>(kinds.statefulsets).namespace(set.metadata.namespace ?? "");
    await sets.updateStatus({ ...set, status }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  #event(set: StatefulSet, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#recorder.event(referenceTo(kinds.statefulsets, set), type, reason, message);
  }
}

function ownerReference(set: StatefulSet): OwnerReference {
  return { apiVersion: "apps/v1", kind: "StatefulSet", name: set.metadata.name ?? "", uid: set.metadata.uid ?? "" };
}
