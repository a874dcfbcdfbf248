import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import { type Client, kinds } from "../../client/index.ts";
import { volumeAnnotations } from "../../reconcile/index.ts";
import type { VolumePlan } from "./find-volumes.ts";
import type { VolumeListers } from "./listers.ts";
import { isFullyBound } from "./pod-claims.ts";

/** Upstream: `bindTimeoutSeconds`. */
const timeoutMs = 600_000;
const lookMs = 250;
const { boundByController, selectedNode } = volumeAnnotations;

/** Writes what a pod's claims are to become, and waits until others have made it so. */
export class VolumeWriter {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #listers: VolumeListers;

  constructor(client: Client, clock: Clock, listers: VolumeListers) {
    this.#client = client;
    this.#clock = clock;
    this.#listers = listers;
  }

  /** Resolves when all claims are bound; throws when one cannot be, so that the pod is placed anew. */
  async carryOut(pod: Pod, node: string, plan: VolumePlan, signal: AbortSignal): Promise<void> {
    for (const { claim, volume } of plan.bindings) await this.#claimVolume(volume, claim);
    for (const claim of plan.provisions) await this.#askForVolume(claim, node);
    const deadlineMs = this.#clock.monotonic() + timeoutMs;
    while (!this.#isDone(pod, node, plan)) {
      if (this.#clock.monotonic() > deadlineMs) throw new Error("binding volumes: context deadline exceeded");
      await this.#clock.sleep(lookMs, signal);
    }
  }

  /** The volume names the claim; the controller of volumes does the rest. */
  async #claimVolume(volume: PersistentVolume, { metadata }: PersistentVolumeClaim): Promise<void> {
    const { claimRef } = volume.spec;
    if ((claimRef?.uid ?? "") !== "") return;
    const { name, namespace, uid, resourceVersion } = metadata;
    const reference = { kind: "PersistentVolumeClaim", apiVersion: "v1", namespace, name, uid, resourceVersion };
    const annotations =
      claimRef === undefined
        ? { ...volume.metadata.annotations, [boundByController]: "yes" }
        : volume.metadata.annotations;
    await this.#client.resource<PersistentVolume>(kinds.persistentvolumes).update({
      ...volume,
      metadata: { ...volume.metadata, ...(annotations === undefined ? {} : { annotations }) },
      spec: { ...volume.spec, claimRef: reference },
    });
  }

  async #askForVolume(claim: PersistentVolumeClaim, node: string): Promise<void> {
    const { annotations, namespace = "" } = claim.metadata;
    if (annotations?.[selectedNode] === node) return;
    await this.#client
      .resource<PersistentVolumeClaim>(kinds.persistentvolumeclaims)
      .namespace(namespace)
      .update({ ...claim, metadata: { ...claim.metadata, annotations: { ...annotations, [selectedNode]: node } } });
  }

  #isDone(pod: Pod, node: string, { bindings, provisions }: VolumePlan): boolean {
    const { name, namespace, uid } = pod.metadata;
    if (this.#listers.pod(`${namespace}/${name}`)?.metadata.uid !== uid) throw new Error("pod does not exist any more");
    const isBound = (planned: PersistentVolumeClaim): boolean => {
      const claim = this.#newest(planned);
      return claim !== undefined && isFullyBound(claim);
    };
    for (const claim of provisions) {
      const { annotations, resourceVersion } = this.#newest(claim)?.metadata ?? {};
      // A provisioner that fails takes the node away again.
      if (annotations?.[selectedNode] !== node && resourceVersion !== claim.metadata.resourceVersion)
        throw new Error(`provisioning failed for PVC "${claim.metadata.name}"`);
    }
    return bindings.every(({ claim }) => isBound(claim)) && provisions.every(isBound);
  }

  #newest({ metadata }: PersistentVolumeClaim): PersistentVolumeClaim | undefined {
    const claim = this.#listers.claims(`${metadata.namespace}/${metadata.name}`);
    if (claim?.metadata.uid !== metadata.uid) throw new Error(`PVC "${metadata.name}" does not exist any more`);
    return claim;
  }
}
