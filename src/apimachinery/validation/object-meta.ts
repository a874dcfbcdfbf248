import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from "../meta/contract.ts";
import type { FieldError } from "./contract.ts";
import { semanticEqual } from "./equal.ts";
import { forbidden, invalid, notSupported, required, tooLong } from "./field-error.ts";
import type { FieldPath } from "./field-path.ts";
import { nameIsDnsLabel, type NameRule } from "./names.ts";
import { quote } from "./quote.ts";
import { byteLength, fieldImmutableError, isNegativeError, isQualifiedName, isValidLabelValue } from "./strings.ts";

/** Keys and values of all annotations together, bytes. */
export const totalAnnotationSizeLimit = 256 * 1024;
export const fieldManagerMaxLength = 128;
const subresourceMaxLength = 256;
const orphanFinalizer = "orphan";
const foregroundFinalizer = "foregroundDeletion";

/** The metadata of an object, after its name was generated. */
export function validateObjectMeta(
  meta: ObjectMeta,
  namespaced: boolean,
  nameRule: NameRule,
  path: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const { name = "", namespace = "" } = meta;
  validateNames(meta, nameRule, path, errors);
  if (name === "") errors.push(required(path.child("name"), "name or generateName is required"));
  if (!namespaced) {
    if (namespace !== "") errors.push(forbidden(path.child("namespace"), "not allowed on this type"));
  } else if (namespace === "") errors.push(required(path.child("namespace")));
  else
    for (const message of nameIsDnsLabel(namespace, false))
      errors.push(invalid(path.child("namespace"), namespace, message));
  if ((meta.generation ?? 0) < 0) errors.push(invalid(path.child("generation"), meta.generation, isNegativeError));
  if (meta.labels !== undefined) validateLabels(meta.labels, path.child("labels"), errors);
  if (meta.annotations !== undefined) validateAnnotations(meta.annotations, path.child("annotations"), errors);
  if (meta.ownerReferences !== undefined)
    validateOwnerReferences(meta.ownerReferences, path.child("ownerReferences"), errors);
  if (meta.finalizers !== undefined) validateFinalizers(meta.finalizers, path.child("finalizers"), errors);
  if (meta.managedFields !== undefined) validateManagedFields(meta.managedFields, path.child("managedFields"), errors);
  return errors;
}

/** A name and what it is to be generated from, where they are there, by the rule of a kind. */
export function validateNames(meta: ObjectMeta, nameRule: NameRule, path: FieldPath, errors: FieldError[]): void {
  const { generateName = "", name = "" } = meta;
  if (generateName !== "") {
    for (const message of nameRule(generateName, true))
      errors.push(invalid(path.child("generateName"), generateName, message));
  }
  if (name !== "") for (const message of nameRule(name, false)) errors.push(invalid(path.child("name"), name, message));
}

/** How the metadata of an object about to be replaced may differ from before. */
export function validateObjectMetaUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  path: FieldPath,
  errors: FieldError[],
): void {
  if (old.deletionTimestamp !== undefined) {
    validateNoNewFinalizers(meta.finalizers, old.finalizers, path.child("finalizers"), errors);
  }
  if ((meta.resourceVersion ?? "") === "") {
    errors.push(invalid(path.child("resourceVersion"), "", "must be specified for an update"));
  }
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalid(path.child("generation"), meta.generation ?? 0, "must not be decremented"));
  }
  const fixed = [
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
  ] as const;
  for (const field of fixed) {
    if ((meta[field] ?? "") !== (old[field] ?? "")) {
      const shown = meta[field] ?? (field === "name" || field === "namespace" || field === "uid" ? "" : null);
      errors.push(invalid(path.child(field), shown, fieldImmutableError));
    }
  }
}

export function validateLabels(labels: Readonly<Record<string, string>>, path: FieldPath, errors: FieldError[]): void {
  for (const key in labels) {
    validateLabelName(key, path, errors);
    const value = labels[key] ?? "";
    for (const message of isValidLabelValue(value)) errors.push(invalid(path, value, message));
  }
}

export function validateLabelName(name: string, path: FieldPath, errors: FieldError[]): void {
  for (const message of isQualifiedName(name)) errors.push(invalid(path, name, message));
}

export function validateAnnotations(
  annotations: Readonly<Record<string, string>>,
  path: FieldPath,
  errors: FieldError[],
): void {
  let size = 0;
  for (const key in annotations) {
    for (const message of isQualifiedName(key.toLowerCase())) errors.push(invalid(path, key, message));
    size += byteLength(key) + byteLength(annotations[key] ?? "");
  }
  if (size > totalAnnotationSizeLimit) errors.push(tooLong(path, totalAnnotationSizeLimit));
}

function validateOwnerReferences(owners: readonly OwnerReference[], path: FieldPath, errors: FieldError[]): void {
  let controller = "";
  for (const owner of owners) {
    validateOwnerReference(owner, path, errors);
    if (owner.controller !== true) continue;
    const name = `${owner.kind}/${owner.name}`;
    if (controller === "") controller = name;
    else {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(invalid(path, owners, detail));
    }
  }
}

function validateOwnerReference(owner: OwnerReference, path: FieldPath, errors: FieldError[]): void {
  const { apiVersion = "", kind = "", name = "", uid = "" } = owner;
  const slash = apiVersion.indexOf("/");
  const version = slash === apiVersion.lastIndexOf("/") ? apiVersion.slice(slash + 1) : "";
  if (version === "") errors.push(invalid(path.child("apiVersion"), apiVersion, "version must not be empty"));
  if (kind === "") errors.push(invalid(path.child("kind"), kind, "must not be empty"));
  if (name === "") errors.push(invalid(path.child("name"), name, "must not be empty"));
  if (uid === "") errors.push(invalid(path.child("uid"), uid, "must not be empty"));
  if (apiVersion === "v1" && kind === "Event") {
    errors.push(invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner"));
  }
}

export function validateFinalizerName(name: string, path: FieldPath, errors: FieldError[]): void {
  for (const message of isQualifiedName(name)) errors.push(invalid(path, name, message));
}

function validateFinalizers(finalizers: readonly string[], path: FieldPath, errors: FieldError[]): void {
  for (const finalizer of finalizers) validateFinalizerName(finalizer, path, errors);
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    const detail = `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`;
    errors.push(invalid(path, finalizers, detail));
  }
}

function validateNoNewFinalizers(
  finalizers: readonly string[] | undefined,
  old: readonly string[] | undefined,
  path: FieldPath,
  errors: FieldError[],
): void {
  const added = [...new Set(finalizers)].filter((name) => !(old ?? []).includes(name)).sort();
  if (added.length === 0) return;
  const shown = `[]string{${added.map(quote).join(", ")}}`;
  errors.push(
    forbidden(path, `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`),
  );
}

/** Also for `fieldManager` in options. */
export function validateFieldManager(manager: string, path: FieldPath, errors: FieldError[]): void {
  if (byteLength(manager) > fieldManagerMaxLength) errors.push(tooLong(path, fieldManagerMaxLength));
  let position = 0;
  for (const character of manager) {
    if (/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
      errors.push(invalid(path, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += byteLength(character);
  }
}

export function validateManagedFields(
  entries: readonly ManagedFieldsEntry[],
  path: FieldPath,
  errors: FieldError[],
): void {
  entries.forEach((entry, index) => {
    const at = path.index(index);
    const { operation = "", fieldsType = "" } = entry;
    if (operation !== "Apply" && operation !== "Update") {
      errors.push(invalid(at.child("operation"), operation, "must be `Apply` or `Update`"));
    }
    if (fieldsType !== "" && fieldsType !== "FieldsV1") {
      errors.push(invalid(at.child("fieldsType"), fieldsType, "must be `FieldsV1`"));
    }
    validateFieldManager(entry.manager ?? "", at.child("manager"), errors);
    if (byteLength(entry.subresource ?? "") > subresourceMaxLength) {
      errors.push(tooLong(at.child("subresource"), subresourceMaxLength));
    }
  });
}

/** `field is immutable`, showing the new value. */
/** `shown` is the form in which messages show the value, where that is another. */
export function validateImmutableField(
  value: unknown,
  old: unknown,
  path: FieldPath,
  errors: FieldError[],
  shown?: (value: unknown) => unknown,
): void {
  if (semanticEqual(value, old)) return;
  errors.push(invalid(path, shown === undefined ? (value ?? null) : shown(value), fieldImmutableError));
}

const dryRunValues: readonly string[] = ["All"];
const fieldValidationValues: readonly string[] = ["", "Ignore", "Strict", "Warn"];

export function validateDryRun(dryRun: readonly string[], path: FieldPath, errors: FieldError[]): void {
  if (dryRun.some((value) => !dryRunValues.includes(value))) errors.push(notSupported(path, dryRun, dryRunValues));
}

export function validateFieldValidation(value: string, path: FieldPath, errors: FieldError[]): void {
  if (!fieldValidationValues.includes(value)) errors.push(notSupported(path, value, fieldValidationValues));
}
