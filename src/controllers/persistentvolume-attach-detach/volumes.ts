import { createHash } from "node:crypto";
import type { CSIDriver, PersistentVolume, Pod } from "../../api/index.ts";
import { boundVolumeOf, type VolumeLookup } from "../../reconcile/index.ts";

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

export interface VolumeObjects extends VolumeLookup {
  driver(name: string): CSIDriver | undefined;
}

/** Those of a pod's volumes that have to be attached; what is not bound yet is not there. */
export function attachableVolumesOf(pod: Pod, objects: VolumeObjects): readonly AttachableVolume[] {
  return (pod.spec.volumes ?? []).flatMap((entry) => {
    const bound = boundVolumeOf(pod, entry, objects);
    return (bound === undefined ? undefined : attachable(bound, objects)) ?? [];
  });
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
