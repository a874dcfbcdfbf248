import type { PersistentVolumeClaim, StorageClass } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource } from "../refuse.ts";

const defaultAnnotations = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];
const classAnnotation = "volume.beta.kubernetes.io/storage-class";

/** Of several default classes the newest wins, then the first by name. */
export function defaultStorageClassName(classes: Iterable<StorageClass>): string | undefined {
  const defaults = [...classes].filter(({ metadata }) =>
    defaultAnnotations.some((key) => metadata.annotations?.[key] === "true"),
  );
  const created = ({ metadata }: StorageClass) => metadata.creationTimestamp ?? "";
  defaults.sort(
    (a, b) => created(b).localeCompare(created(a)) || (a.metadata.name ?? "").localeCompare(b.metadata.name ?? ""),
  );
  return defaults[0]?.metadata.name;
}

/** Claims that name no class get the default one. */
export function defaultStorageClass(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "DefaultStorageClass",
    handles: (operation, resource, subresource) =>
      operation === "CREATE" && subresource === "" && isResource(resource, "", "persistentvolumeclaims"),
    admit({ object }) {
      const claim = object as PersistentVolumeClaim;
      if (claim.spec === undefined || claim.spec.storageClassName !== undefined) return;
      if (claim.metadata.annotations?.[classAnnotation] !== undefined) return;
      const name = defaultStorageClassName(objects.list<StorageClass>("storage.k8s.io", "storageclasses", ""));
      if (name !== undefined) claim.spec.storageClassName = name;
    },
  };
}
