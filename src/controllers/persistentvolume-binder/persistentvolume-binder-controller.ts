import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from "../../api/index.ts";
import type { Runnable } from "../../base/index.ts";
import {
  type EventRecorder,
  informerOf,
  type Informer,
  keyOf,
  kinds,
  orNotFound,
  referenceTo,
  type ResourceClient,
} from "../../client/index.ts";
import {
  bestVolume,
  storageClassOf,
  Controller,
  type ControllerContext,
  isForClaim,
  isSemanticallyEqual,
  type Key,
  volumeMismatch,
  type Result,
  runAll,
  volumeAnnotations,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "persistentvolume-binder-controller";
const {
  betaStorageProvisioner,
  bindCompleted,
  boundByController,
  noProvisioner,
  provisionedBy,
  selectedNode,
  storageProvisioner,
} = volumeAnnotations;

export const persistentVolumeBinderController: ControllerDescriptor = {
  name,
  serviceAccount: "persistent-volume-binder",
  create: (context, { volumeSyncPeriodMs = 15_000 }) => new Binder(context, volumeSyncPeriodMs).runnable(),
};

/** Joins claims and volumes, asks provisioners for volumes, and lets go of volumes whose claim is gone. */
class Binder {
  readonly #context: ControllerContext;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  readonly #nodes: Informer<Node>;
  readonly #recorder: EventRecorder;
  readonly #claimController: Controller;
  readonly #volumeController: Controller;
  readonly #syncPeriodMs: number;

  constructor(context: ControllerContext, syncPeriodMs: number) {
    const { clock, log, metrics, informers } = context;
    this.#context = context;
    this.#syncPeriodMs = syncPeriodMs;
    this.#recorder = context.recorder("persistentvolume-controller");
    this.#claims = informerOf(informers, kinds.persistentvolumeclaims);
    this.#volumes = informerOf(informers, kinds.persistentvolumes);
    this.#classes = informerOf(informers, kinds.storageclasses);
    this.#nodes = informerOf(informers, kinds.nodes);
    // One worker each: two claims must not take one volume.
    const options = { clock, log, metrics, workers: 1 };
    this.#claimController = new Controller({
      name: "claims",
      ...options,
      reconciler: { reconcile: (key) => this.#reconcileClaim(key) },
    })
      .watch(this.#claims, (claim) => [keyOf(claim)])
      .watch(this.#classes, () => this.#waitingClaims())
      .waitFor(this.#volumes, this.#nodes);
    this.#volumeController = new Controller({
      name: "volumes",
      ...options,
      reconciler: { reconcile: (key) => this.#reconcileVolume(key) },
    })
      .watch(this.#volumes, (volume) => [keyOf(volume)])
      .waitFor(this.#claims);
    this.#claims.addHandler({
      onDelete: ({ spec }) => spec.volumeName !== undefined && this.#volumeController.enqueue(spec.volumeName),
    });
  }

  runnable(): Runnable {
    return runAll(name, [this.#claimController, this.#volumeController]);
  }

  #waitingClaims(): Key[] {
    return [...this.#claims.lister.list()].filter((claim) => claim.status?.phase !== "Bound").map(keyOf);
  }

  async #reconcileClaim(key: Key): Promise<Result | undefined> {
    const claim = this.#claims.lister.get(key);
    if (claim === undefined) return undefined;
    if (claim.metadata.annotations?.[bindCompleted] !== undefined) return this.#syncBoundClaim(claim);
    const bound = await this.#syncUnboundClaim(claim);
    return bound ? undefined : { requeueAfterMs: this.#syncPeriodMs };
  }

  async #syncBoundClaim(claim: PersistentVolumeClaim): Promise<undefined> {
    const { volumeName = "" } = claim.spec;
    if (volumeName === "")
      return this.#lose(
        claim,
        "ClaimLost",
        "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!",
      );
    const volume = this.#volumes.lister.get(volumeName) ?? (await orNotFound(this.#volumeClient.get(volumeName)));
    if (volume === undefined)
      return this.#lose(claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    if (volume.spec.claimRef === undefined || isForClaim(volume, claim)) {
      await this.#bind(volume, claim);
      return;
    }
    return this.#lose(claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
  }

  /** False while the claim waits. */
  async #syncUnboundClaim(claim: PersistentVolumeClaim): Promise<boolean> {
    const { volumeName = "" } = claim.spec;
    if (volumeName !== "") return this.#bindToNamed(claim, volumeName);
    const storageClass = this.#classes.lister.get(storageClassOf(claim));
    const nodeName = claim.metadata.annotations?.[selectedNode];
    const delayed = storageClass?.volumeBindingMode === "WaitForFirstConsumer" && nodeName === undefined;
    const node = nodeName === undefined ? undefined : this.#nodes.lister.get(nodeName);
    const volume = bestVolume(claim, this.#volumes.lister.list(), node);
    if (volume !== undefined && (!delayed || isForClaim(volume, claim))) return this.#bind(volume, claim);
    if (delayed)
      this.#event(claim, "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
    else if (storageClassOf(claim) !== "") await this.#provision(claim, storageClass);
    else
      this.#event(
        claim,
        "Normal",
        "FailedBinding",
        "no persistent volumes available for this claim and no storage class is set",
      );
    await this.#writeClaimStatus(claim, { phase: "Pending" });
    return false;
  }

  async #bindToNamed(claim: PersistentVolumeClaim, volumeName: string): Promise<boolean> {
    const volume = this.#volumes.lister.get(volumeName);
    if (volume !== undefined && volume.spec.claimRef === undefined) {
      const problem = volumeMismatch(volume, claim);
      if (problem === undefined) return this.#bind(volume, claim);
      this.#event(claim, "Warning", "VolumeMismatch", `Cannot bind to requested volume "${volumeName}": ${problem}`);
    } else if (volume !== undefined && isForClaim(volume, claim)) return this.#bind(volume, claim);
    else if (volume !== undefined) {
      this.#event(claim, "Warning", "FailedBinding", `volume "${volumeName}" already bound to a different claim.`);
    }
    await this.#writeClaimStatus(claim, { phase: "Pending" });
    return false;
  }

  /** Provisioners are others: they see the annotation and make the volume. */
  async #provision(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): Promise<void> {
    if (storageClass === undefined) {
      const message = `storageclass.storage.k8s.io "${storageClassOf(claim)}" not found`;
      return this.#event(claim, "Warning", "ProvisioningFailed", message);
    }
    const { provisioner } = storageClass;
    if (provisioner === noProvisioner) return;
    const { annotations } = claim.metadata;
    if (annotations?.[storageProvisioner] !== provisioner || annotations[betaStorageProvisioner] !== provisioner) {
      const next = { ...annotations, [storageProvisioner]: provisioner, [betaStorageProvisioner]: provisioner };
      await this.#claimClient(claim).update({ ...claim, metadata: { ...claim.metadata, annotations: next } });
    }
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    this.#event(claim, "Normal", "ExternalProvisioning", message);
  }

  /** The volume first, then the claim: a claim that says it is bound is. */
  async #bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<boolean> {
    const boundVolume = await this.#bindVolume(volume, claim);
    const fresh = await this.#writeVolumePhase(boundVolume, "Bound");
    const boundClaim = await this.#bindClaim(claim, fresh);
    const { accessModes, capacity } = fresh.spec;
    await this.#writeClaimStatus(boundClaim, { phase: "Bound", accessModes, capacity, ...attributesOf(fresh) });
    return true;
  }

  async #bindVolume(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<PersistentVolume> {
    const { claimRef } = volume.spec;
    if (claimRef?.uid === claim.metadata.uid && claimRef?.name === claim.metadata.name) return volume;
    const { namespace, name: claimName, uid, resourceVersion } = claim.metadata;
    const reference = {
      kind: "PersistentVolumeClaim",
      apiVersion: "v1",
      namespace,
      name: claimName,
      uid,
      resourceVersion,
    };
    // Named by a user beforehand: it is theirs, and is not given to others later.
    const annotations =
      claimRef === undefined
        ? { ...volume.metadata.annotations, [boundByController]: "yes" }
        : volume.metadata.annotations;
    const metadata = { ...volume.metadata, ...(annotations === undefined ? {} : { annotations }) };
    return this.#volumeClient.update({ ...volume, metadata, spec: { ...volume.spec, claimRef: reference } });
  }

  async #bindClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<PersistentVolumeClaim> {
    const { name: volumeName } = volume.metadata;
    const { annotations } = claim.metadata;
    const named = claim.spec.volumeName === volumeName;
    if (named && annotations?.[bindCompleted] !== undefined) return claim;
    const next = { ...annotations, ...(named ? {} : { [boundByController]: "yes" }), [bindCompleted]: "yes" };
    return this.#claimClient(claim).update({
      ...claim,
      metadata: { ...claim.metadata, annotations: next },
      spec: { ...claim.spec, volumeName },
    });
  }

  async #reconcileVolume(key: Key): Promise<void> {
    const volume = this.#volumes.lister.get(key);
    if (volume === undefined) return;
    const { claimRef } = volume.spec;
    if (claimRef === undefined || (claimRef.uid ?? "") === "") {
      await this.#writeVolumePhase(volume, "Available");
      for (const claimKey of this.#waitingClaims()) this.#claimController.enqueue(claimKey);
      return;
    }
    const claimKey = `${claimRef.namespace}/${claimRef.name}`;
    const claims = this.#context.client
      .resource<PersistentVolumeClaim>(kinds.persistentvolumeclaims)
      .namespace(claimRef.namespace ?? "");
    // The informer may be behind, and releasing a volume loses data: ask the server.
    const claim = this.#claims.lister.get(claimKey) ?? (await orNotFound(claims.get(claimRef.name ?? "")));
    if (claim === undefined || claim.metadata.uid !== claimRef.uid) return this.#release(volume);
    if (claim.spec.volumeName === volume.metadata.name) {
      await this.#writeVolumePhase(volume, "Bound");
    } else if ((claim.spec.volumeName ?? "") === "") this.#claimController.enqueue(claimKey);
    else await this.#unbind(volume);
  }

  /** The claim took another volume. */
  async #unbind(volume: PersistentVolume): Promise<void> {
    const { annotations } = volume.metadata;
    if (annotations?.[provisionedBy] !== undefined && volume.spec.persistentVolumeReclaimPolicy === "Delete")
      return this.#release(volume);
    const byController = annotations?.[boundByController] !== undefined;
    const { claimRef, ...spec } = volume.spec;
    const { [boundByController]: _bound, ...rest } = annotations ?? {};
    const kept = claimRef === undefined || byController ? {} : { claimRef: { ...claimRef, uid: "" } };
    const next = { ...volume, metadata: { ...volume.metadata, annotations: rest }, spec: { ...spec, ...kept } };
    await this.#writeVolumePhase(await this.#volumeClient.update(next), "Available");
  }

  /** Its claim is gone. What was provisioned is deleted by its provisioner; what cannot be deleted says so. */
  async #release(volume: PersistentVolume): Promise<void> {
    const released = volume.status?.phase === "Failed" ? volume : await this.#writeVolumePhase(volume, "Released");
    const provisioner = volume.metadata.annotations?.[provisionedBy];
    const { persistentVolumeReclaimPolicy, csi } = volume.spec;
    if (persistentVolumeReclaimPolicy !== "Delete" || provisioner !== undefined || csi !== undefined) return;
    if (volume.status?.phase === "Failed" || volume.metadata.deletionTimestamp !== undefined) return;
    const message = "error getting deleter volume plugin for volume: no deletable volume plugin matched";
    this.#recorder.event(referenceTo(kinds.persistentvolumes, volume), "Warning", "VolumeFailedDelete", message);
    await this.#volumeClient.updateStatus({ ...released, status: { ...released.status, phase: "Failed", message } });
  }

  async #lose(claim: PersistentVolumeClaim, reason: string, message: string): Promise<undefined> {
    if (claim.status?.phase !== "Lost") this.#event(claim, "Warning", reason, message);
    await this.#writeClaimStatus(claim, { phase: "Lost" });
  }

  async #writeVolumePhase(
    volume: PersistentVolume,
    phase: "Available" | "Bound" | "Released",
  ): Promise<PersistentVolume> {
    if (volume.status?.phase === phase) return volume;
    return this.#volumeClient.updateStatus({ ...volume, status: { ...volume.status, phase, message: undefined } });
  }

  async #writeClaimStatus(
    claim: PersistentVolumeClaim,
    change: NonNullable<PersistentVolumeClaim["status"]>,
  ): Promise<void> {
    const status = { ...claim.status, ...change };
    if (!isSemanticallyEqual(status, claim.status))
      await orNotFound(this.#claimClient(claim).updateStatus({ ...claim, status }));
  }

  get #volumeClient(): ResourceClient<PersistentVolume> {
    return this.#context.client.resource<PersistentVolume>(kinds.persistentvolumes);
  }

  #claimClient(claim: PersistentVolumeClaim): ResourceClient<PersistentVolumeClaim> {
    return this.#context.client
      .resource<PersistentVolumeClaim>(kinds.persistentvolumeclaims)
      .namespace(claim.metadata.namespace ?? "");
  }

  #event(claim: PersistentVolumeClaim, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#recorder.event(referenceTo(kinds.persistentvolumeclaims, claim), type, reason, message);
  }
}

function attributesOf({ spec }: PersistentVolume): { currentVolumeAttributesClassName?: string } {
  const { volumeAttributesClassName } = spec;
  return volumeAttributesClassName === undefined ? {} : { currentVolumeAttributesClassName: volumeAttributesClassName };
}
