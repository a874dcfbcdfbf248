import type { PersistentVolumeClaimSpec, TypedObjectReference } from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  isDns1123Subdomain,
  nameIsDnsLabel,
  notSupported,
  parseQuantity,
  required,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { addMessages, checkObjectName, checkOneOf, checkRequired, type Errors } from "./check.ts";

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
export const volumeModes = ["Block", "Filesystem"];

/** Also of PersistentVolumes. */
export function checkAccessModes(modes: readonly string[], path: FieldPath, errors: Errors): void {
  for (const mode of modes) if (!accessModes.includes(mode)) errors.push(notSupported(path, mode, accessModes));
  const known = modes.filter((mode) => accessModes.includes(mode));
  if (known.includes("ReadWriteOncePod") && known.some((mode) => mode !== "ReadWriteOncePod")) {
    errors.push(forbidden(path, "may not use ReadWriteOncePod with other access modes"));
  }
}

const shortModes: readonly (readonly [string, string])[] = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
];

export function accessModesText(modes: readonly string[] = []): string {
  const shown = shortModes.filter(([mode]) => modes.includes(mode));
  return shown.map(([, short]) => short).join(",");
}

export function checkClaimSpec(
  spec: PersistentVolumeClaimSpec,
  path: FieldPath,
  errors: Errors,
  rules: { readonly allowInvalidSelectorValues?: boolean; readonly allowAnySourceGroup?: boolean } = {},
): void {
  const { accessModes: modes = [], storageClassName = "", volumeAttributesClassName = "", volumeMode } = spec;
  if (modes.length === 0) errors.push(required(path.child("accessModes"), "at least 1 access mode is required"));
  const allowInvalidValues = rules.allowInvalidSelectorValues ?? false;
  validateLabelSelector(spec.selector, path.child("selector"), errors, { allowInvalidValues });
  checkAccessModes(modes, path.child("accessModes"), errors);
  checkStorageRequest(spec.resources?.requests?.["storage"], path.child("resources").key("storage"), errors);
  if (storageClassName !== "") checkObjectName(storageClassName, path.child("storageClassName"), errors);
  if (volumeMode !== undefined) checkOneOf(volumeMode, volumeModes, path.child("volumeMode"), errors);
  checkDataSources(spec, path, errors, rules.allowAnySourceGroup ?? false);
  if (volumeAttributesClassName !== "") {
    checkObjectName(volumeAttributesClassName, path.child("volumeAttributesClassName"), errors);
  }
}

function checkStorageRequest(storage: string | undefined, path: FieldPath, errors: Errors): void {
  if (storage === undefined) errors.push(required(path));
  else if (parseQuantity(storage).sign <= 0) errors.push(invalid(path, storage, "must be greater than zero"));
}

function checkDataSources(
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
  path: FieldPath,
  errors: Errors,
  anyGroup: boolean,
): void {
  if (dataSource !== undefined) checkDataSource(dataSource, path.child("dataSource"), errors, anyGroup);
  if (dataSourceRef !== undefined) checkDataSource(dataSourceRef, path.child("dataSourceRef"), errors, anyGroup);
  if (dataSource === undefined || dataSourceRef === undefined) return;
  if ((dataSourceRef.namespace ?? "") !== "") {
    errors.push(invalid(path, {}, "may not be specified when dataSourceRef.namespace is specified"));
  } else if (
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name ||
    dataSource.apiGroup !== dataSourceRef.apiGroup
  ) {
    errors.push(invalid(path, {}, "must match dataSourceRef"));
  }
}

function checkDataSource(source: TypedObjectReference, path: FieldPath, errors: Errors, anyGroup: boolean): void {
  const { apiGroup = "", namespace = "" } = source;
  checkRequired(source.name, path.child("name"), errors);
  checkRequired(source.kind, path.child("kind"), errors);
  if (apiGroup === "" && source.kind !== "PersistentVolumeClaim") {
    errors.push(invalid(path, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  }
  if (apiGroup !== "" && !anyGroup) addMessages(isDns1123Subdomain(apiGroup), apiGroup, path.child("apiGroup"), errors);
  if (namespace !== "") addMessages(nameIsDnsLabel(namespace, false), namespace, path.child("namespace"), errors);
}
