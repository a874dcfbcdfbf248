import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "../../api/index.ts";
import { controllerOf } from "../owners.ts";

export interface VolumeLookup {
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
}

/** Key of the claim that a pod's volume is, made for the pod or not. */
export function claimKeyOf(pod: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  const { namespace = "", name: podName = "" } = pod.metadata;
  const claim = ephemeral === undefined ? persistentVolumeClaim?.claimName : `${podName}-${name}`;
  return claim === undefined ? undefined : `${namespace}/${claim}`;
}

/** Keys of the claims that a pod's volumes are. */
export function claimKeysOf(pod: Pod): readonly string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => claimKeyOf(pod, volume) ?? []);
}

/** The persistent volume behind a pod's volume; `undefined` when it is none, or not bound yet. */
export function boundVolumeOf(pod: Pod, volume: Volume, objects: VolumeLookup): PersistentVolume | undefined {
  const claim = objects.claim(claimKeyOf(pod, volume) ?? "");
  if (claim === undefined) return undefined;
  if (volume.ephemeral !== undefined && controllerOf(claim)?.uid !== pod.metadata.uid) return undefined;
  const { metadata, spec, status } = claim;
  if (status?.phase !== "Bound" || (spec?.volumeName ?? "") === "") return undefined;
  const found = objects.volume(spec?.volumeName ?? "");
  return found?.spec?.claimRef?.uid === metadata.uid ? found : undefined;
}
