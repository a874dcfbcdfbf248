import type { PersistentVolume } from "../../../api/index.ts";
import { fieldPath } from "../../../apimachinery/index.ts";
import { betaClassWarning, betaStorageClass, fractionWarnings } from "../common/claim-warnings.ts";
import { nodeTermWarnings } from "../common/node-label-warnings.ts";

const specPath = fieldPath("spec");
const annotationsPath = fieldPath("metadata", "annotations");
const termsPath = fieldPath("spec", "nodeAffinity", "required", "nodeSelectorTerms");
const mountOptions = "volume.beta.kubernetes.io/mount-options";
const recycled =
  "The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.";

const annotations: ReadonlyMap<string, string> = new Map([
  [betaStorageClass, betaClassWarning],
  [mountOptions, 'deprecated since v1.31; use "mountOptions" attribute instead'],
]);

const sources = {
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
} as const;

export function volumeWarnings({ metadata, spec = {} }: PersistentVolume): readonly string[] {
  const warnings: string[] = [];
  for (const [key, message] of annotations) {
    if (metadata.annotations?.[key] !== undefined) warnings.push(`${annotationsPath.key(key)}: ${message}`);
  }
  if (spec.persistentVolumeReclaimPolicy === "Recycle") {
    warnings.push(`${specPath.child("persistentVolumeReclaimPolicy")}: ${recycled}`);
  }
  spec.nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, index) => {
    warnings.push(...nodeTermWarnings(term, false, termsPath.index(index)));
  });
  for (const [field, message] of Object.entries(sources)) {
    if (spec[field as keyof typeof sources] === undefined) continue;
    warnings.push(`${specPath.child(field === "storageos" ? "storageOS" : field)}: ${message}`);
  }
  warnings.push(...fractionWarnings(spec.capacity?.["storage"], specPath.child("capacity").key("storage")));
  return warnings;
}
