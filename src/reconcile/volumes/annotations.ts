/** The controller chose the binding; a user who made it beforehand keeps it. */
export const boundByController = "pv.kubernetes.io/bound-by-controller";
/** Set once, when a claim is bound: from then on a missing volume means lost data. */
export const bindCompleted = "pv.kubernetes.io/bind-completed";
export const provisionedBy = "pv.kubernetes.io/provisioned-by";
export const storageProvisioner = "volume.kubernetes.io/storage-provisioner";
export const betaStorageProvisioner = "volume.beta.kubernetes.io/storage-provisioner";
export const selectedNode = "volume.kubernetes.io/selected-node";
export const noProvisioner = "kubernetes.io/no-provisioner";
