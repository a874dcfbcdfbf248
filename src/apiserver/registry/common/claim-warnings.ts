import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../../api/index.ts";
import { type FieldPath, fieldPath, parseQuantity, quote } from "../../../apimachinery/index.ts";

export const betaStorageClass = "volume.beta.kubernetes.io/storage-class";
export const betaClassWarning = 'deprecated since v1.8; use "storageClassName" attribute instead';

export function claimWarnings({ metadata, spec = {} }: PersistentVolumeClaim): readonly string[] {
  const annotation = fieldPath("metadata", "annotations").key(betaStorageClass);
  return [
    ...(metadata.annotations?.[betaStorageClass] === undefined ? [] : [`${annotation}: ${betaClassWarning}`]),
    ...claimSpecWarnings(spec, fieldPath("spec")),
  ];
}

export function claimSpecWarnings({ resources }: PersistentVolumeClaimSpec, path: FieldPath): readonly string[] {
  return (["requests", "limits"] as const).flatMap((field) => {
    const storage = resources?.[field]?.["storage"];
    return fractionWarnings(storage, path.child("resources").child(field).key("storage"));
  });
}

/** An amount of bytes must be a whole number. */
export function fractionWarnings(value: string | undefined, path: FieldPath): readonly string[] {
  if (value === undefined || parseQuantity(value).isWhole()) return [];
  return [`${path}: fractional byte value ${quote(value)} is invalid, must be an integer`];
}
