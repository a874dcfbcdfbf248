import type {
  CSIDriver,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
} from "../../api/index.ts";
import { type InformerFactory, informerOf, kinds } from "../../client/index.ts";

/** What there is to store data on, as far as it is known here. */
export interface VolumeListers {
  /** By `namespace/name`. */
  claims(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): Iterable<PersistentVolume>;
  storageClass(name: string): StorageClass | undefined;
  driver(name: string): CSIDriver | undefined;
  capacities(): Iterable<CSIStorageCapacity>;
  /** By `namespace/name`. */
  pod(key: string): Pod | undefined;
}

export function informerVolumes(informers: InformerFactory): VolumeListers {
  const claims = informerOf(informers, kinds.persistentvolumeclaims).lister;
  const volumes = informerOf(informers, kinds.persistentvolumes).lister;
  const classes = informerOf(informers, kinds.storageclasses).lister;
  const drivers = informerOf(informers, kinds.csidrivers).lister;
  const capacities = informerOf(informers, kinds.csistoragecapacities).lister;
  const pods = informerOf(informers, kinds.pods).lister;
  return {
    claims: (key) => claims.get(key),
    volume: (name) => volumes.get(name),
    volumes: () => volumes.list(),
    storageClass: (name) => classes.get(name),
    driver: (name) => drivers.get(name),
    capacities: () => capacities.list(),
    pod: (key) => pods.get(key),
  };
}
