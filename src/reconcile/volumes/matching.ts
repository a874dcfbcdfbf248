import type { Node, PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";
import { parseQuantity, type Quantity, selectorFromObject } from "../../apimachinery/index.ts";
import { matchesNodeSelector } from "../pods/node-affinity.ts";

const betaClassAnnotation = "volume.beta.kubernetes.io/storage-class";

export function storageClassOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[betaClassAnnotation] ?? spec.storageClassName ?? "";
}

function capacityOf({ spec }: PersistentVolume): Quantity {
  return parseQuantity(spec.capacity?.["storage"] ?? "0");
}

/** Whether the volume names this claim, with its uid or before it had one. */
export function isForClaim({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec;
  if (claimRef === undefined || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace)
    return false;
  return (claimRef.uid ?? "") === "" || claimRef.uid === metadata.uid;
}

/** Why this claim cannot have this volume, apart from who has it now; `undefined` when it can. */
export function volumeMismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  if (capacityOf(volume).compare(requestedStorage(claim)) < 0) return "requested PV is too small";
  if (storageClassOf(volume) !== storageClassOf(claim)) return "storageClassName does not match";
  if ((volume.spec.volumeAttributesClassName ?? "") !== (claim.spec.volumeAttributesClassName ?? ""))
    return "volumeAttributesClassName does not match";
  if ((volume.spec.volumeMode ?? "Filesystem") !== (claim.spec.volumeMode ?? "Filesystem"))
    return "incompatible volumeMode";
  const offered = new Set(volume.spec.accessModes ?? []);
  return (claim.spec.accessModes ?? []).every((mode) => offered.has(mode)) ? undefined : "incompatible accessMode";
}

/** The smallest `storage` that the claim can do with. */
export function requestedStorage({ spec }: PersistentVolumeClaim): Quantity {
  return parseQuantity(spec.resources?.requests?.["storage"] ?? "0");
}

/** The volume made for the claim, else the smallest that fits. `node`: where the first pod will be, if that is known. */
export function bestVolume(
  claim: PersistentVolumeClaim,
  volumes: Iterable<PersistentVolume>,
  node: Node | undefined,
): PersistentVolume | undefined {
  const selector = claim.spec.selector === undefined ? undefined : selectorFromObject(claim.spec.selector);
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    if (
      volume.metadata.deletionTimestamp !== undefined ||
      volumeMismatch(volume, claim) !== undefined ||
      !isVolumeReachable(volume, node)
    )
      continue;
    if (isForClaim(volume, claim)) return volume;
    if (volume.spec.claimRef !== undefined || volume.status?.phase !== "Available") continue;
    if (selector !== undefined && !selector.matches(volume.metadata.labels)) continue;
    if (best === undefined || capacityOf(volume).compare(capacityOf(best)) < 0) best = volume;
  }
  return best;
}

/** Whether pods on the node can use the volume. */
export function isVolumeReachable({ spec }: PersistentVolume, node: Node | undefined): boolean {
  const required = spec.nodeAffinity?.required;
  return node === undefined || required === undefined || matchesNodeSelector(required, node);
}
