import type { coreV1 } from "../../../api/index.ts";
import { type FieldPath, invalid, nameIsDnsLabel, required } from "../../../apimachinery/index.ts";
import { addMessages, checkLabel, checkRequired, type Errors } from "../common/check.ts";
import { legacyVolumes } from "../common/legacy-volumes.ts";

/** Sources that say more in PersistentVolumes than in pods: in which namespace what they refer to is. */

export function checkGlusterfs(source: coreV1.GlusterfsPersistentVolumeSource, path: FieldPath, errors: Errors): void {
  legacyVolumes.glusterfs(source, path, errors);
  const { endpointsNamespace: namespace } = source;
  const at = path.child("endpointsNamespace");
  if (namespace === undefined) return;
  if (namespace === "")
    errors.push(invalid(at, "", "if the endpointnamespace is set, it must be a valid namespace name"));
  else addMessages(nameIsDnsLabel(namespace, false), namespace, at, errors);
}

export function checkAzureFile(source: coreV1.AzureFilePersistentVolumeSource, path: FieldPath, errors: Errors): void {
  legacyVolumes.azureFile(source, path, errors);
  if (source.secretNamespace === "") errors.push(required(path.child("secretNamespace")));
}

export function checkCinder(source: coreV1.CinderPersistentVolumeSource, path: FieldPath, errors: Errors): void {
  checkRequired(source.volumeID, path.child("volumeID"), errors);
  checkReferred(source.secretRef, path.child("secretRef"), errors);
}

export function checkStorageOs(source: coreV1.StorageOSPersistentVolumeSource, path: FieldPath, errors: Errors): void {
  const { volumeName = "", volumeNamespace = "" } = source;
  if (volumeName === "") errors.push(required(path.child("volumeName")));
  else checkLabel(volumeName, path.child("volumeName"), errors);
  if (volumeNamespace !== "") checkLabel(volumeNamespace, path.child("volumeNamespace"), errors);
  checkReferred(source.secretRef, path.child("secretRef"), errors);
}

function checkReferred(
  secret: { readonly name?: string; readonly namespace?: string } | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (secret === undefined) return;
  checkRequired(secret.name, path.child("name"), errors);
  checkRequired(secret.namespace, path.child("namespace"), errors);
}
