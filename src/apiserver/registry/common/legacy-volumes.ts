import type { ISCSIVolumeSource, Volume, coreV1 } from "../../../api/index.ts";
import { type FieldPath, inclusiveRangeError, invalid, notSupported, required } from "../../../apimachinery/index.ts";
import { checkLabel, checkOneOf, checkRequired, type Errors } from "./check.ts";

type Source<K extends keyof Volume> = NonNullable<Volume[K]>;

const diskPartition = inclusiveRangeError(1, 255);

function checkPartition(partition: number | undefined, path: FieldPath, errors: Errors): void {
  if (partition !== undefined && (partition < 0 || partition > 255))
    errors.push(invalid(path, partition, diskPartition));
}

function requireAll<T extends object>(
  source: T,
  fields: readonly (keyof T & string)[],
  path: FieldPath,
  errors: Errors,
): void {
  for (const field of fields) {
    const value = source[field];
    if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0))
      errors.push(required(path.child(field)));
  }
}

const secretName = (secret: { name?: string } | undefined, path: FieldPath, errors: Errors): void => {
  if (secret !== undefined) checkRequired(secret.name, path.child("secretRef").child("name"), errors);
};

/** Volumes of single vendors, most of them served by CSI drivers today. Also for PersistentVolumes where alike. */
export const legacyVolumes = {
  gcePersistentDisk(source: Source<"gcePersistentDisk">, path: FieldPath, errors: Errors): void {
    requireAll(source, ["pdName"], path, errors);
    checkPartition(source.partition, path.child("partition"), errors);
  },
  awsElasticBlockStore(source: Source<"awsElasticBlockStore">, path: FieldPath, errors: Errors): void {
    requireAll(source, ["volumeID"], path, errors);
    checkPartition(source.partition, path.child("partition"), errors);
  },
  iscsi: checkIscsi,
  glusterfs(source: Source<"glusterfs">, path: FieldPath, errors: Errors): void {
    requireAll(source, ["endpoints", "path"], path, errors);
  },
  flocker({ datasetName = "", datasetUUID = "" }: Source<"flocker">, path: FieldPath, errors: Errors): void {
    if (datasetName === "" && datasetUUID === "")
      errors.push(required(path, "one of datasetName and datasetUUID is required"));
    if (datasetName !== "" && datasetUUID !== "") {
      errors.push(invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
    }
    if (datasetName.includes("/")) errors.push(invalid(path.child("datasetName"), datasetName, "must not contain '/'"));
  },
  rbd(source: { monitors: string[]; image: string }, path: FieldPath, errors: Errors): void {
    requireAll(source, ["monitors", "image"], path, errors);
  },
  cinder(source: Source<"cinder">, path: FieldPath, errors: Errors): void {
    requireAll(source, ["volumeID"], path, errors);
    secretName(source.secretRef, path, errors);
  },
  cephfs(source: { monitors: string[] }, path: FieldPath, errors: Errors): void {
    requireAll(source, ["monitors"], path, errors);
  },
  quobyte(source: Source<"quobyte">, path: FieldPath, errors: Errors): void {
    const form = "must be a host:port pair or multiple pairs separated by commas";
    if (source.registry === "") errors.push(required(path.child("registry"), form));
    else if ((source.tenant ?? "").length >= 65) {
      errors.push(required(path.child("tenant"), "must be a UUID and may not exceed a length of 64 characters"));
    } else {
      for (const pair of source.registry.split(",")) {
        if (!/^([^:[\]]*|\[[^\]]*\]):[^:]*$/.test(pair))
          errors.push(invalid(path.child("registry"), source.registry, form));
      }
    }
    requireAll(source, ["volume"], path, errors);
  },
  fc({ targetWWNs = [], wwids = [], lun }: Source<"fc">, path: FieldPath, errors: Errors): void {
    const at = path.child("targetWWNs");
    if (targetWWNs.length === 0 && wwids.length === 0) {
      errors.push(required(at, "must specify either targetWWNs or wwids, but not both"));
    }
    if (targetWWNs.length === 0) return;
    if (wwids.length > 0)
      errors.push(invalid(at, targetWWNs, "targetWWNs and wwids can not be specified simultaneously"));
    if (lun === undefined) errors.push(required(path.child("lun"), "lun is required if targetWWNs is specified"));
    else if (lun < 0 || lun > 255) errors.push(invalid(path.child("lun"), lun, inclusiveRangeError(0, 255)));
  },
  flexVolume(source: { driver: string; options?: Record<string, string> }, path: FieldPath, errors: Errors): void {
    requireAll(source, ["driver"], path, errors);
    for (const key in source.options ?? {}) {
      const namespace = `.${(key.split("/")[0] ?? "").toLowerCase()}`;
      if (!namespace.endsWith(".kubernetes.io") && !namespace.endsWith(".k8s.io")) continue;
      errors.push(invalid(path.child("options").key(key), key, "kubernetes.io and k8s.io namespaces are reserved"));
    }
  },
  azureFile(source: { secretName: string; shareName: string }, path: FieldPath, errors: Errors): void {
    requireAll(source, ["secretName", "shareName"], path, errors);
  },
  vsphereVolume(source: Source<"vsphereVolume">, path: FieldPath, errors: Errors): void {
    requireAll(source, ["volumePath"], path, errors);
  },
  photonPersistentDisk(source: Source<"photonPersistentDisk">, path: FieldPath, errors: Errors): void {
    requireAll(source, ["pdID"], path, errors);
  },
  portworxVolume(source: Source<"portworxVolume">, path: FieldPath, errors: Errors): void {
    requireAll(source, ["volumeID"], path, errors);
  },
  azureDisk: checkAzureDisk,
  storageos(source: Source<"storageos">, path: FieldPath, errors: Errors): void {
    const { volumeName = "", volumeNamespace = "" } = source;
    if (volumeName === "") errors.push(required(path.child("volumeName")));
    else checkLabel(volumeName, path.child("volumeName"), errors);
    if (volumeNamespace !== "") checkLabel(volumeNamespace, path.child("volumeNamespace"), errors);
    secretName(source.secretRef, path, errors);
  },
  scaleIO(source: { gateway: string; system: string; volumeName?: string }, path: FieldPath, errors: Errors): void {
    requireAll(source, ["gateway", "system", "volumeName"], path, errors);
  },
};

const initiatorForms: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

const initiatorRule = "must be valid format starting with iqn, eui, or naa";

function checkInitiator(name: string, path: FieldPath, errors: Errors, unknownForm: string): void {
  const form = initiatorForms[name.slice(0, 3)];
  if (form === undefined) errors.push(invalid(path, name, unknownForm));
  else if (!form.test(name)) errors.push(invalid(path, name, "must be valid format"));
}

/** Upstream says less of those of PersistentVolumes, and asks for the name of the secret. */
export function checkPersistentIscsi(
  source: coreV1.ISCSIPersistentVolumeSource,
  path: FieldPath,
  errors: Errors,
): void {
  checkIscsi(source, path, errors, "must be valid format");
  if (source.secretRef !== undefined)
    checkRequired(source.secretRef.name, path.child("secretRef").child("name"), errors);
}

function checkIscsi(
  source: Omit<ISCSIVolumeSource, "secretRef"> & { readonly secretRef?: unknown },
  path: FieldPath,
  errors: Errors,
  unknownForm = initiatorRule,
): void {
  requireAll(source, ["targetPortal", "iqn"], path, errors);
  if (source.iqn !== "") checkInitiator(source.iqn, path.child("iqn"), errors, unknownForm);
  const lun = source.lun ?? 0;
  if (lun < 0 || lun > 255) errors.push(invalid(path.child("lun"), lun, inclusiveRangeError(0, 255)));
  const needsSecret = source.chapAuthDiscovery === true || source.chapAuthSession === true;
  if (needsSecret && source.secretRef === undefined) errors.push(required(path.child("secretRef")));
  if (source.initiatorName === undefined) return;
  checkInitiator(source.initiatorName, path.child("initiatorname"), errors, unknownForm);
}

function checkAzureDisk(source: Source<"azureDisk">, path: FieldPath, errors: Errors): void {
  requireAll(source, ["diskName", "diskURI"], path, errors);
  const { cachingMode, kind, diskURI } = source;
  if (cachingMode !== undefined)
    checkOneOf(cachingMode, ["None", "ReadOnly", "ReadWrite"], path.child("cachingMode"), errors);
  if (kind === undefined) return;
  checkOneOf(kind, ["Dedicated", "Managed", "Shared"], path.child("kind"), errors);
  const managed = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
  const blob = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
  const [prefix, form] = kind === "Managed" ? ["/subscriptions/", managed] : ["https://", blob];
  if (!diskURI.startsWith(prefix)) errors.push(notSupported(path.child("diskURI"), diskURI, [form]));
}
