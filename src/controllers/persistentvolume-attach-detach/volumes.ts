import { createHash } from "node:crypto";
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "../../api/index.ts";
import { controllerOf } from "../../reconcile/index.ts";

const plugin = "kubernetes.io/csi";
const separator = "^";

/** A volume of a CSI driver that has to be attached to a node before pods there can use it. */
export interface AttachableVolume {
  /** As nodes name it in `status.volumesAttached` and `status.volumesInUse`. */
  readonly name: string;
  /** The persistent volume's name. */
  readonly volume: string;
  readonly driver: string;
  readonly handle: string;
  /** May be attached to several nodes at once. */
  readonly isShared: boolean;
}

/** The part of a volume that its name tells. */
export interface NamedVolume {
  readonly driver: string;
  readonly handle: string;
}

export interface VolumeObjects {
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  driver(name: string): CSIDriver | undefined;
}

/** Keys of the claims that a pod's volumes are. */
export function claimKeysOf(pod: Pod): readonly string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    const claim = claimNameOf(pod, volume);
    return claim === undefined ? [] : [`${pod.metadata.namespace ?? ""}/${claim}`];
  });
}

function claimNameOf(pod: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  if (ephemeral !== undefined) return `${pod.metadata.name ?? ""}-${name}`;
  return persistentVolumeClaim?.claimName;
}

/** Those of a pod's volumes that have to be attached; what is not bound yet is not there. */
export function attachableVolumesOf(pod: Pod, objects: VolumeObjects): readonly AttachableVolume[] {
  return (pod.spec.volumes ?? []).flatMap((entry) => {
    const name = claimNameOf(pod, entry);
    if (name === undefined) return [];
    const claim = objects.claim(`${pod.metadata.namespace ?? ""}/${name}`);
    if (claim === undefined || (entry.ephemeral !== undefined && controllerOf(claim)?.uid !== pod.metadata.uid))
      return [];
    const bound = boundVolume(claim, objects);
    const found = bound === undefined ? undefined : attachable(bound, objects);
    return found === undefined ? [] : [found];
  });
}

function boundVolume({ metadata, spec, status }: PersistentVolumeClaim, objects: VolumeObjects) {
  if (status?.phase !== "Bound" || (spec?.volumeName ?? "") === "") return undefined;
  const volume = objects.volume(spec?.volumeName ?? "");
  return volume?.spec?.claimRef?.uid === metadata.uid ? volume : undefined;
}

export function attachable(
  volume: PersistentVolume,
  objects: Pick<VolumeObjects, "driver">,
): AttachableVolume | undefined {
  const { csi, accessModes = [] } = volume.spec ?? {};
  if (csi === undefined || !needsAttaching(csi.driver, objects)) return undefined;
  const isShared =
    accessModes.length === 0 || accessModes.some((mode) => mode === "ReadWriteMany" || mode === "ReadOnlyMany");
  const { driver, volumeHandle: handle } = csi;
  return { name: nameOf({ driver, handle }), volume: volume.metadata.name ?? "", driver, handle, isShared };
}

/** A driver that is not registered may need it. */
export function needsAttaching(driver: string, objects: Pick<VolumeObjects, "driver">): boolean {
  return objects.driver(driver)?.spec.attachRequired !== false;
}

function nameOf({ driver, handle }: NamedVolume): string {
  return `${plugin}/${driver}${separator}${handle}`;
}

/** `undefined` for volumes of others than CSI drivers. */
export function namedVolume(name: string): NamedVolume | undefined {
  if (!name.startsWith(`${plugin}/`)) return undefined;
  const [driver, handle, ...more] = name.slice(plugin.length + 1).split(separator);
  return driver === undefined || handle === undefined || more.length > 0 ? undefined : { driver, handle };
}

/** Of the VolumeAttachment; drivers and nodes know it. */
export function attachmentName({ driver, handle }: NamedVolume, node: string): string {
  return `csi-${createHash("sha256").update(`${handle}${driver}${node}`).digest("hex")}`;
}
