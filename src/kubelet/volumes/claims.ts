import type { Client } from "../../client/index.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../types.ts";

const claims = { group: "", version: "v1", resource: "persistentvolumeclaims" };
const volumes = { group: "", version: "v1", resource: "persistentvolumes" };

/** The volume that a claim is bound to. Rejects when there is none yet; the pod then waits. */
export async function resolveClaim(
  client: Client,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<PersistentVolume> {
  const claim = await client.resource<PersistentVolumeClaim>(claims).namespace(namespace).get(name, { signal });
  const volumeName = claim.spec?.volumeName;
  if (claim.metadata.deletionTimestamp) throw new Error(`PVC ${namespace}/${name} is being deleted`);
  if (claim.status?.phase !== "Bound" || !volumeName) {
    throw new Error(`error processing PVC ${namespace}/${name}: PVC is not bound`);
  }
  const volume = await client.resource<PersistentVolume>(volumes).get(volumeName, { signal });
  if (volume.spec?.claimRef?.uid !== claim.metadata.uid) {
    throw new Error(`PV ${volumeName} is bound to another claim than ${namespace}/${name}`);
  }
  return volume;
}
