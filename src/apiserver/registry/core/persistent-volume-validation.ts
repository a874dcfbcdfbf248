import type { coreV1 } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  notSupported,
  parseQuantity,
  required,
} from "../../../apimachinery/index.ts";
import {
  checkNoBacksteps,
  checkObjectName,
  checkOneOf,
  checkRequired,
  type Errors,
  checkSubdomain,
  checkLabel,
} from "../common/check.ts";
import { checkAccessModes, volumeModes } from "../common/claim-spec.ts";
import { legacyVolumes, checkPersistentIscsi } from "../common/legacy-volumes.ts";
import { checkAzureFile, checkCinder, checkGlusterfs, checkStorageOs } from "./persistent-volume-sources.ts";
import { checkNodeSelector } from "../common/scheduling.ts";
import { checkCsiDriverName, checkSharedSource } from "../common/volumes.ts";

type Spec = coreV1.PersistentVolumeSpec;
type SourceCheck = (source: never, path: FieldPath, errors: Errors) => void;

const shared = (field: string): SourceCheck => {
  return (source, path, errors) => checkSharedSource(field, source, path, errors);
};

/** In upstream's order: with several sources every one after the first is refused. */
const sources: Readonly<Record<string, SourceCheck>> = {
  hostPath: shared("hostPath"),
  gcePersistentDisk: legacyVolumes.gcePersistentDisk,
  awsElasticBlockStore: legacyVolumes.awsElasticBlockStore,
  glusterfs: checkGlusterfs,
  flocker: legacyVolumes.flocker,
  nfs: shared("nfs"),
  rbd: legacyVolumes.rbd,
  quobyte: legacyVolumes.quobyte,
  cephfs: legacyVolumes.cephfs,
  iscsi: checkPersistentIscsi,
  cinder: checkCinder,
  fc: legacyVolumes.fc,
  flexVolume: legacyVolumes.flexVolume,
  azureFile: checkAzureFile,
  vsphereVolume: legacyVolumes.vsphereVolume,
  photonPersistentDisk: legacyVolumes.photonPersistentDisk,
  portworxVolume: legacyVolumes.portworxVolume,
  azureDisk: legacyVolumes.azureDisk,
  scaleIO: legacyVolumes.scaleIO,
  local: (source: coreV1.LocalVolumeSource, path, errors) => {
    if (source.path === "") errors.push(required(path.child("path")));
    else checkNoBacksteps(source.path, path.child("path"), errors);
  },
  storageos: checkStorageOs,
  csi: checkCsi,
};
const pathNames: Readonly<Record<string, string>> = { gcePersistentDisk: "persistentDisk" };
const refusedPathNames: Readonly<Record<string, string>> = { cephfs: "cephFS" };

/** Only where the data is: what does not change once the volume is there. */
export function volumeSourceOf(spec: Spec): Spec {
  return Object.fromEntries(Object.entries(spec).filter(([field]) => field in sources)) as Spec;
}

export function checkVolume(spec: Spec, path: FieldPath, errors: Errors): void {
  const { accessModes = [], persistentVolumeReclaimPolicy: policy, storageClassName = "", volumeMode } = spec;
  if (accessModes.length === 0) errors.push(required(path.child("accessModes")));
  checkAccessModes(accessModes, path.child("accessModes"), errors);
  checkCapacity(spec.capacity, path.child("capacity"), errors);
  const policyPath = path.child("persistentVolumeReclaimPolicy");
  if (policy !== undefined) checkOneOf(policy, ["Delete", "Recycle", "Retain"], policyPath, errors);
  checkAffinity(spec, path.child("nodeAffinity"), errors);
  checkSources(spec, path, errors);
  if (policy === "Recycle" && /^\/+\.?$/.test(spec.hostPath?.path ?? "")) {
    errors.push(forbidden(policyPath, "may not be 'recycle' for a hostPath mount of '/'"));
  }
  if (storageClassName !== "") checkObjectName(storageClassName, path.child("storageClassName"), errors);
  if (volumeMode !== undefined) checkOneOf(volumeMode, volumeModes, path.child("volumeMode"), errors);
  const { volumeAttributesClassName: attributes } = spec;
  if (attributes === undefined) return;
  const at = path.child("volumeAttributesClassName");
  if (attributes === "") errors.push(required(at, "an empty string is disallowed"));
  else checkObjectName(attributes, at, errors);
  if (spec.csi === undefined) {
    errors.push(required(path.child("csi"), "has to be specified when using volumeAttributesClassName"));
  }
}

/** Of a VolumeAttachment, for what has no volume of its own; in upstream's order. */
export function checkInlineVolume(spec: Spec, path: FieldPath, errors: Errors): void {
  const context = "in the context of inline volumes";
  const forbid = (field: "claimRef" | "capacity" | "nodeAffinity" | "storageClassName") => {
    const value = spec[field];
    const isThere = field === "capacity" ? Object.keys(value ?? {}).length > 0 : value !== undefined && value !== "";
    if (isThere) errors.push(forbidden(path.child(field), `may not be specified ${context}`));
  };
  const { accessModes = [], persistentVolumeReclaimPolicy: policy = "", volumeMode } = spec;
  forbid("claimRef");
  forbid("capacity");
  if (spec.csi === undefined) errors.push(required(path.child("csi"), `has to be specified ${context}`));
  if (accessModes.length === 0) errors.push(required(path.child("accessModes")));
  checkAccessModes(accessModes, path.child("accessModes"), errors);
  if (policy !== "" && policy !== "Retain") {
    errors.push(forbidden(path.child("persistentVolumeReclaimPolicy"), `may only be Retain ${context}`));
  }
  forbid("nodeAffinity");
  checkSources(spec, path, errors);
  forbid("storageClassName");
  if (volumeMode !== undefined && volumeMode !== "Filesystem") {
    errors.push(forbidden(path.child("volumeMode"), `may not specify volumeMode other than Filesystem ${context}`));
  }
}

function checkCapacity(given: Spec["capacity"], path: FieldPath, errors: Errors): void {
  const capacity = given ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) errors.push(required(path));
  if (capacity["storage"] === undefined || names.length > 1) {
    errors.push(notSupported(path, given ?? null, ["storage"]));
  }
  for (const [name, value] of Object.entries(capacity)) {
    const amount = parseQuantity(value);
    if (amount.sign < 0) errors.push(invalid(path.key(name), amount.value(), "must be a valid resource quantity"));
    if (amount.sign <= 0) errors.push(invalid(path.key(name), value, "must be greater than zero"));
  }
}

function checkAffinity({ nodeAffinity }: Spec, path: FieldPath, errors: Errors): void {
  if (nodeAffinity === undefined) return;
  if (nodeAffinity.required === undefined) {
    errors.push(required(path.child("required"), "must specify required node constraints"));
  } else checkNodeSelector(nodeAffinity.required, path.child("required"), errors);
}

function checkSources(spec: Spec, path: FieldPath, errors: Errors): void {
  const fields = spec as unknown as Readonly<Record<string, unknown>>;
  let found = false;
  for (const [field, check] of Object.entries(sources)) {
    if (fields[field] === undefined) continue;
    // Upstream takes it beside another one.
    if (found && field !== "flexVolume") {
      errors.push(forbidden(path.child(refusedPathNames[field] ?? field), "may not specify more than 1 volume type"));
      continue;
    }
    found = true;
    check(fields[field] as never, path.child(pathNames[field] ?? field), errors);
    if (field === "local" && spec.nodeAffinity === undefined) {
      errors.push(required(path.child("nodeAffinity"), "Local volume requires node affinity"));
    }
  }
  if (!found) errors.push(required(path, "must specify a volume type"));
}

const secretFields = [
  "controllerPublishSecretRef",
  "controllerExpandSecretRef",
  "nodePublishSecretRef",
  "nodeExpandSecretRef",
] as const;

function checkCsi(source: coreV1.CSIPersistentVolumeSource, path: FieldPath, errors: Errors): void {
  checkCsiDriverName(source.driver, path.child("driver"), errors);
  checkRequired(source.volumeHandle, path.child("volumeHandle"), errors);
  for (const field of secretFields) {
    const secret = source[field];
    if (secret === undefined) continue;
    const [namePath, namespacePath] = [path.child(field).child("name"), path.child(field).child("namespace")];
    const { name = "", namespace = "" } = secret;
    if (name === "") errors.push(required(namePath));
    else checkSubdomain(name, namePath, errors);
    if (namespace === "") errors.push(required(namespacePath));
    else checkLabel(namespace, namespacePath, errors);
  }
}
