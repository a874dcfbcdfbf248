import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalid,
  isDns1123Label,
  isDns1123Subdomain,
  isNegativeError,
  isQualifiedName,
  type Messages,
  nameIsDnsSubdomain,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";

/** Where the checks of a walk put what they find. */
export type Errors = FieldError[];

/** A check of one value. */
export type Check<T> = (value: T, path: FieldPath, errors: Errors) => void;

export function addMessages(messages: Messages, value: unknown, path: FieldPath, errors: Errors): void {
  for (const message of messages) errors.push(invalid(path, value, message));
}

export function checkRequired(value: string | undefined, path: FieldPath, errors: Errors): void {
  if ((value ?? "") === "") errors.push(required(path));
}

export function checkLabel(value: string, path: FieldPath, errors: Errors): void {
  addMessages(isDns1123Label(value), value, path, errors);
}

export function checkSubdomain(value: string, path: FieldPath, errors: Errors): void {
  addMessages(isDns1123Subdomain(value), value, path, errors);
}

export function checkQualifiedName(value: string, path: FieldPath, errors: Errors): void {
  addMessages(isQualifiedName(value), value, path, errors);
}

/** A reference to an object by name. */
export function checkObjectName(value: string, path: FieldPath, errors: Errors): void {
  addMessages(nameIsDnsSubdomain(value, false), value, path, errors);
}

/** Absent counts as zero. */
export function checkNonNegative(value: number | undefined, path: FieldPath, errors: Errors): void {
  if (value !== undefined && value < 0) errors.push(invalid(path, value, isNegativeError));
}

export function checkPositive(value: number, path: FieldPath, errors: Errors): void {
  if (value <= 0) errors.push(invalid(path, value, "must be greater than zero"));
}

/** `supported` is shown in the order given. */
export function checkOneOf(value: string, supported: readonly string[], path: FieldPath, errors: Errors): void {
  if (!supported.includes(value)) errors.push(notSupported(path, value, supported));
}

/** The same for a value that must be there. */
export function checkRequiredOneOf(
  value: string | undefined,
  supported: readonly string[],
  path: FieldPath,
  errors: Errors,
): void {
  if (value === undefined || value === "") errors.push(required(path));
  else checkOneOf(value, supported, path, errors);
}

export function checkEach<T>(list: readonly T[] | undefined, path: FieldPath, errors: Errors, check: Check<T>): void {
  if (list === undefined) return;
  for (let i = 0; i < list.length; i++) check(list[i] as T, path.index(i), errors);
}

/** Reports a value that was seen before, and remembers it. */
export function checkUnique(seen: Set<string>, value: string, path: FieldPath, errors: Errors): void {
  if (seen.has(value)) errors.push(duplicate(path, value));
  else seen.add(value);
}

/** A map as Go shows it, by key; null where it is absent. */
export function shownMap(map: Readonly<Record<string, string>> | undefined): object | null {
  if (map === undefined) return null;
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const fileModeMax = 0o777;

export function checkFileMode(mode: number | undefined, path: FieldPath, errors: Errors): void {
  if (mode === undefined || (mode >= 0 && mode <= fileModeMax)) return;
  errors.push(invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive"));
}

export function checkNoBacksteps(target: string, path: FieldPath, errors: Errors): void {
  if (target.split("/").includes("..")) errors.push(invalid(path, target, "must not contain '..'"));
}

export function checkRelativePath(target: string, path: FieldPath, errors: Errors): void {
  if (target.startsWith("/")) errors.push(invalid(path, target, "must be a relative path"));
  checkNoBacksteps(target, path, errors);
}

/** Names that begin with `..` are kept for what the kubelet writes beside the files. */
export function checkLocalNonReservedPath(target: string, path: FieldPath, errors: Errors): void {
  checkRelativePath(target, path, errors);
  if (target.startsWith("..") && !target.startsWith("../")) {
    errors.push(invalid(path, target, "must not start with '..'"));
  }
}

const standardFinalizers: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

/** What core kinds ask of finalizers beyond their form. */
export function checkKubeFinalizer(name: string, path: FieldPath, errors: Errors): void {
  if (name.includes("/") || standardFinalizers.has(name)) return;
  errors.push(invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified"));
}

export function checkKubeFinalizers(
  finalizers: readonly string[] | undefined,
  metaPath: FieldPath,
  errors: Errors,
): void {
  checkEach(finalizers, metaPath.child("finalizers"), errors, checkKubeFinalizer);
}
