import { parseQuantity } from "../../../apimachinery/index.ts";
import type { PersistentVolumeClaim, StorageClass } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

/** Claims may grow only once bound, and only where their class allows it. */
export function persistentVolumeClaimResize(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "PersistentVolumeClaimResize",
    handles: (operation, resource, subresource) =>
      operation === "UPDATE" && subresource === "" && isResource(resource, "", "persistentvolumeclaims"),
    validate(attributes) {
      const claim = attributes.object as PersistentVolumeClaim;
      const old = attributes.oldObject as PersistentVolumeClaim;
      const size = (of: PersistentVolumeClaim) =>
        parseQuantity(of.spec?.resources?.requests?.["storage"] ?? "0").value();
      if (size(claim) <= size(old)) return;
      if (old.status?.phase !== "Bound")
        throw refuse(attributes, "Only bound persistent volume claims can be expanded");
      const name =
        claim.spec?.storageClassName ?? claim.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"];
      const found =
        name === undefined ? undefined : objects.get<StorageClass>("storage.k8s.io", "storageclasses", "", name);
      if (found?.allowVolumeExpansion === true) return;
      throw refuse(
        attributes,
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
      );
    },
  };
}
