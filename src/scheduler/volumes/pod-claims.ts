import type { PersistentVolumeClaim, Pod } from "../../api/index.ts";
import { storageClassOf, volumeAnnotations } from "../../reconcile/index.ts";
import type { VolumeListers } from "./listers.ts";

/** The claims of a pod by what is left to be done before it can run. */
export interface PodClaims {
  readonly bound: readonly PersistentVolumeClaim[];
  /** To be bound once the pod has a node. */
  readonly delayed: readonly PersistentVolumeClaim[];
  /** Others bind these; until then the pod waits. */
  readonly immediate: readonly PersistentVolumeClaim[];
}

/** `undefined` for a pod without claims; a text when one of them keeps it from every node. */
export function podClaims(pod: Pod, listers: VolumeListers): PodClaims | string | undefined {
  const bound: PersistentVolumeClaim[] = [];
  const delayed: PersistentVolumeClaim[] = [];
  const immediate: PersistentVolumeClaim[] = [];
  for (const claim of claimsOf(pod, listers)) {
    if (typeof claim === "string") return claim;
    if (isFullyBound(claim)) bound.push(claim);
    else if (waitsForPod(claim, listers) && (claim.spec.volumeName ?? "") === "") delayed.push(claim);
    else immediate.push(claim);
  }
  return bound.length + delayed.length + immediate.length === 0 ? undefined : { bound, delayed, immediate };
}

export function isFullyBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return (spec.volumeName ?? "") !== "" && metadata.annotations?.[volumeAnnotations.bindCompleted] !== undefined;
}

function* claimsOf(pod: Pod, { claims }: VolumeListers): Generator<PersistentVolumeClaim | string> {
  const { name: podName, namespace = "", uid } = pod.metadata;
  for (const volume of pod.spec.volumes ?? []) {
    const isEphemeral = volume.ephemeral !== undefined;
    const name = volume.persistentVolumeClaim?.claimName ?? (isEphemeral ? `${podName}-${volume.name}` : undefined);
    if (name === undefined) continue;
    const claim = claims(`${namespace}/${name}`);
    if (claim === undefined) {
      yield isEphemeral
        ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
        : `persistentvolumeclaim "${name}" not found`;
      return;
    }
    yield problemOf(claim, isEphemeral ? uid : undefined, pod) ?? claim;
  }
}

function problemOf({ metadata, spec, status }: PersistentVolumeClaim, owner: string | undefined, pod: Pod) {
  const { name, namespace } = metadata;
  if (status?.phase === "Lost")
    return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${spec.volumeName}"`;
  if (metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`;
  if (owner !== undefined && !metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === owner))
    return `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
  return undefined;
}

function waitsForPod(claim: PersistentVolumeClaim, { storageClass }: VolumeListers): boolean {
  const name = storageClassOf(claim);
  return name !== "" && storageClass(name)?.volumeBindingMode === "WaitForFirstConsumer";
}
