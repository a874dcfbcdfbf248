import type { AdmissionPlugin } from "../contract.ts";
import { isResource } from "../refuse.ts";

const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: "kubernetes.io/pvc-protection",
  persistentvolumes: "kubernetes.io/pv-protection",
  volumeattributesclasses: "kubernetes.io/vac-protection",
};

/** Volumes and claims are not deleted while something uses them: a controller takes the finalizer away. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  handles: (operation, resource, subresource) =>
    operation === "CREATE" &&
    subresource === "" &&
    (isResource(resource, "", "persistentvolumeclaims", "persistentvolumes") ||
      isResource(resource, "storage.k8s.io", "volumeattributesclasses")),
  admit({ object, resource }) {
    const finalizer = finalizers[resource.resource];
    if (object === undefined || finalizer === undefined || object.metadata.finalizers?.includes(finalizer)) return;
    object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
  },
};
