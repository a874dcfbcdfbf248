import type { Deployment, DeploymentCondition, Pod, ReplicaSet } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type Client,
  copyOf,
  type EventRecorder,
  isAlreadyExists,
  isNamespaceTerminating,
  isNotFound,
  kinds,
  referenceTo,
  type ResourceClient,
} from "../../client/index.ts";
import { controllerOf, findCondition, isSemanticallyEqual } from "../../reconcile/index.ts";
import { maxRevision, revisionAnnotation, setReplicaAnnotations, updateNewSetAnnotations } from "./annotations.ts";
import {
  isScalingEvent,
  maxSurgeOf,
  newSetReplicas,
  proportionalScale,
  recreateStep,
  rollingStep,
  type Scale,
  type Wanted,
} from "./arithmetic.ts";
import { findNewSet, isSameTemplate, newSetFor, setsToCleanUp, viewOf, wantedOf } from "./replica-sets.ts";
import {
  deploymentStatus,
  hasProgressDeadline,
  isComplete,
  newCondition,
  setCondition,
  stuckCheckAfterMs,
  withProgress,
} from "./status.ts";

export interface RolloutOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  /** Changeable; it is brought up to date with every write. */
  readonly deployment: Deployment;
  readonly sets: readonly ReplicaSet[];
  /** All pods of a set, by its uid. */
  readonly podsOf: (uid: string) => readonly Pod[];
}

/** One look at one Deployment. Every method works on the sets as they are after the writes before it. */
export class Rollout {
  readonly #options: RolloutOptions;
  readonly #deployments: ResourceClient<Deployment>;
  readonly #replicaSets: ResourceClient<ReplicaSet>;
  readonly #wanted: Wanted;
  #deployment: Deployment;
  #oldSets: ReplicaSet[];
  #newSet: ReplicaSet | undefined;

  constructor(options: RolloutOptions) {
    const { client, deployment, sets } = options;
    const namespace = deployment.metadata.namespace ?? "";
    this.#options = options;
    this.#deployment = deployment;
    this.#wanted = wantedOf(deployment);
    this.#deployments = client.resource<Deployment>(kinds.deployments).namespace(namespace);
    this.#replicaSets = client.resource<ReplicaSet>(kinds.replicasets).namespace(namespace);
    this.#newSet = findNewSet(deployment, sets);
    this.#oldSets = sets.filter((set) => set !== this.#newSet);
  }

  /** Brings the Deployment one step further. Returns when to look again, if nothing else makes us. */
  async step(): Promise<number | undefined> {
    const { spec, metadata } = this.#deployment;
    if (metadata.deletionTimestamp !== undefined) return this.#syncStatus();
    await this.#notePause();
    if (spec.paused === true || isScalingEvent(this.#wanted, this.#sets().map(viewOf))) return this.#sync();
    return this.#wanted.strategy === "Recreate" ? this.#recreate() : this.#roll();
  }

  #sets(): ReplicaSet[] {
    return this.#newSet === undefined ? [...this.#oldSets] : [...this.#oldSets, this.#newSet];
  }

  /** Sizes only: for a paused Deployment, and when the wanted number changed. */
  async #sync(): Promise<number | undefined> {
    if (this.#newSet !== undefined) await this.#updateNewSet(this.#newSet);
    await this.#apply(proportionalScale(this.#wanted, this.#newSet && viewOf(this.#newSet), this.#oldSets.map(viewOf)));
    if (this.#deployment.spec.paused === true) await this.#cleanUp();
    return this.#syncStatus();
  }

  async #roll(): Promise<number | undefined> {
    const newSet = await this.#ensureNewSet();
    const changed = await this.#apply(rollingStep(this.#wanted, viewOf(newSet), this.#oldSets.map(viewOf)));
    if (!changed && isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp();
    return this.#syncProgress();
  }

  async #recreate(): Promise<number | undefined> {
    if (this.#newSet !== undefined) await this.#updateNewSet(this.#newSet);
    if (await this.#apply(recreateStep(this.#oldSets.map(viewOf)))) return this.#syncProgress();
    if (this.#oldPodsRun()) return this.#syncProgress();
    const newSet = await this.#ensureNewSet();
    await this.#apply([{ name: newSet.metadata.name ?? "", to: this.#wanted.replicas }]);
    if (isComplete(this.#deployment, this.#deployment.status)) await this.#cleanUp();
    return this.#syncProgress();
  }

  #oldPodsRun(): boolean {
    if (this.#oldSets.some((set) => (set.status?.replicas ?? 0) > 0)) return true;
    return this.#oldSets.some(({ metadata: { uid = "" } }) =>
      this.#options.podsOf(uid).some(({ status }) => status?.phase !== "Failed" && status?.phase !== "Succeeded"),
    );
  }

  async #ensureNewSet(): Promise<ReplicaSet> {
    this.#newSet = this.#newSet === undefined ? await this.#createNewSet() : await this.#updateNewSet(this.#newSet);
    return this.#newSet;
  }

  #nextRevision(): bigint {
    return maxRevision(this.#oldSets) + 1n;
  }

  async #updateNewSet(current: ReplicaSet): Promise<ReplicaSet> {
    const set = copyOf(current);
    const { minReadySeconds = 0 } = this.#deployment.spec;
    const annotated = updateNewSetAnnotations(this.#deployment, set, this.#nextRevision());
    if (annotated || (set.spec.minReadySeconds ?? 0) !== minReadySeconds) {
      set.spec.minReadySeconds = minReadySeconds;
      this.#newSet = await this.#replicaSets.update(set);
      return this.#newSet;
    }
    const revision = set.metadata.annotations?.[revisionAnnotation] ?? "";
    const known = findCondition(this.#deployment.status?.conditions, "Progressing");
    const condition =
      hasProgressDeadline(this.#deployment) && known === undefined
        ? this.#progressing("True", "FoundNewReplicaSet", `Found new replica set "${set.metadata.name}"`)
        : undefined;
    await this.#noteRevision(revision, condition);
    return current;
  }

  async #createNewSet(): Promise<ReplicaSet> {
    const set = newSetFor(this.#deployment);
    const wanted = this.#wanted;
    const replicas = newSetReplicas(wanted, [...this.#oldSets, set].map(viewOf), 0);
    set.spec.replicas = replicas;
    const revision = this.#nextRevision();
    updateNewSetAnnotations(this.#deployment, set, revision);
    setReplicaAnnotations(set, { desired: wanted.replicas, max: wanted.replicas + maxSurgeOf(wanted) });
    const created = await this.#replicaSets.create(set).catch((error: unknown) => this.#creationFailed(set, error));
    const name = created.metadata.name ?? "";
    if (replicas > 0) this.#event("Normal", "ScalingReplicaSet", `Scaled up replica set ${name} from 0 to ${replicas}`);
    const condition = hasProgressDeadline(this.#deployment)
      ? this.#progressing("True", "NewReplicaSetCreated", `Created new replica set "${name}"`)
      : undefined;
    await this.#noteRevision(String(revision), condition);
    return created;
  }

  /** Takes the set that is there already if it is ours and the same; says why not otherwise. */
  async #creationFailed(set: ReplicaSet, error: unknown): Promise<ReplicaSet> {
    const name = set.metadata.name ?? "";
    if (isAlreadyExists(error)) {
      const existing = await this.#replicaSets.get(name);
      const own = controllerOf(existing)?.uid === this.#deployment.metadata.uid;
      if (own && isSameTemplate(existing.spec.template, this.#deployment.spec.template)) return existing;
      const collisionCount = (this.#deployment.status?.collisionCount ?? 0) + 1;
      await this.#writeStatus({ ...this.#deployment.status, collisionCount });
      throw error;
    }
    if (isNamespaceTerminating(error)) throw error;
    const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
    if (hasProgressDeadline(this.#deployment)) {
      const condition = this.#progressing("False", "ReplicaSetCreateError", message);
      const conditions = setCondition(this.#deployment.status?.conditions, condition);
      await this.#writeStatus({ ...this.#deployment.status, conditions }).catch(() => {});
    }
    this.#event("Warning", "ReplicaSetCreateError", message);
    throw error;
  }

  async #noteRevision(revision: string, condition: DeploymentCondition | undefined): Promise<void> {
    const { annotations, ...metadata } = this.#deployment.metadata;
    const sameRevision = annotations?.[revisionAnnotation] === revision;
    if (sameRevision && condition === undefined) return;
    const next = {
      ...this.#deployment,
      metadata: { ...metadata, annotations: { ...annotations, [revisionAnnotation]: revision } },
    };
    const { status } = next;
    const conditions = condition === undefined ? status?.conditions : setCondition(status?.conditions, condition);
    this.#deployment = await this.#deployments.updateStatus({ ...next, status: { ...status, conditions } });
  }

  async #apply(scales: readonly Scale[]): Promise<boolean> {
    const { replicas } = this.#wanted;
    const max = replicas + maxSurgeOf(this.#wanted);
    let changed = false;
    for (const { name, to } of scales) {
      const current = this.#sets().find((set) => set.metadata.name === name);
      if (current === undefined) continue;
      const from = current.spec.replicas ?? 1;
      const set = copyOf(current);
      set.spec.replicas = to;
      if (!setReplicaAnnotations(set, { desired: replicas, max }) && from === to) continue;
      this.#replace(await this.#replicaSets.update(set));
      if (from === to) continue;
      changed = true;
      this.#event(
        "Normal",
        "ScalingReplicaSet",
        `Scaled ${from < to ? "up" : "down"} replica set ${name} from ${from} to ${to}`,
      );
    }
    return changed;
  }

  #replace(set: ReplicaSet): void {
    if (this.#newSet?.metadata.uid === set.metadata.uid) this.#newSet = set;
    else this.#oldSets = this.#oldSets.map((old) => (old.metadata.uid === set.metadata.uid ? set : old));
  }

  async #cleanUp(): Promise<void> {
    for (const { metadata } of setsToCleanUp(this.#deployment, this.#oldSets)) {
      await this.#replicaSets.delete(metadata.name ?? "").catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }

  async #notePause(): Promise<void> {
    const { spec, status } = this.#deployment;
    const condition = findCondition(status?.conditions, "Progressing");
    if (!hasProgressDeadline(this.#deployment) || condition?.reason === "ProgressDeadlineExceeded") return;
    const noted = condition?.reason === "DeploymentPaused";
    if ((spec.paused ?? false) === noted) return;
    const next = noted
      ? this.#progressing("Unknown", "DeploymentResumed", "Deployment is resumed")
      : this.#progressing("Unknown", "DeploymentPaused", "Deployment is paused");
    await this.#writeStatus({ ...status, conditions: setCondition(status?.conditions, next) });
  }

  async #syncStatus(): Promise<undefined> {
    const { clock } = this.#options;
    const status = deploymentStatus(this.#deployment, this.#wanted, this.#sets(), this.#newSet, clock.now());
    if (!isSemanticallyEqual(status, this.#deployment.status)) await this.#writeStatus(status);
    return undefined;
  }

  async #syncProgress(): Promise<number | undefined> {
    const now = this.#options.clock.now();
    const counts = deploymentStatus(this.#deployment, this.#wanted, this.#sets(), this.#newSet, now);
    const status = withProgress(this.#deployment, counts, this.#sets(), this.#newSet, now);
    if (isSemanticallyEqual(status, this.#deployment.status)) return stuckCheckAfterMs(this.#deployment, status, now);
    await this.#writeStatus(status);
    return undefined;
  }

  async #writeStatus(status: Deployment["status"]): Promise<void> {
    this.#deployment = await this.#deployments.updateStatus({ ...this.#deployment, status });
  }

  #progressing(status: string, reason: string, message: string): DeploymentCondition {
    return newCondition("Progressing", status, reason, message, this.#options.clock.now());
  }

  #event(type: "Normal" | "Warning", reason: string, message: string): void {
    this.#options.recorder.event(referenceTo(kinds.deployments, this.#deployment), type, reason, message);
  }
}
