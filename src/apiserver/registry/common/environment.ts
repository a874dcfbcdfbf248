import type { EnvFromSource, EnvVar, EnvVarSource, FileKeySelector } from "../../../api/index.ts";
import {
  type FieldPath,
  invalid,
  isConfigMapKey,
  isEnvVarName,
  nameIsDnsSubdomain,
  required,
} from "../../../apimachinery/index.ts";
import { addMessages, checkLabel, checkNoBacksteps, type Errors } from "./check.ts";
import { checkFieldSelector, checkResourceFieldSelector, environmentFieldPaths } from "./key-to-path.ts";

export function checkEnvVar(variable: EnvVar, path: FieldPath, errors: Errors): void {
  if (variable.name === "") errors.push(required(path.child("name")));
  else addMessages(isEnvVarName(variable.name), variable.name, path.child("name"), errors);
  if (variable.valueFrom !== undefined)
    checkValueFrom(variable.valueFrom, variable.value ?? "", path.child("valueFrom"), errors);
}

function checkValueFrom(source: EnvVarSource, value: string, path: FieldPath, errors: Errors): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  if (fieldRef !== undefined) checkFieldSelector(fieldRef, environmentFieldPaths, path.child("fieldRef"), errors);
  if (resourceFieldRef !== undefined) {
    checkResourceFieldSelector(resourceFieldRef, path.child("resourceFieldRef"), errors, false);
  }
  if (configMapKeyRef !== undefined) checkKeySelector(configMapKeyRef, path.child("configMapKeyRef"), errors);
  if (secretKeyRef !== undefined) checkKeySelector(secretKeyRef, path.child("secretKeyRef"), errors);
  if (fileKeyRef !== undefined) checkFileKey(fileKeyRef, path.child("fileKeyRef"), errors);
  const all = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef];
  const count = all.filter((one) => one !== undefined).length;
  if (count === 0) {
    const detail =
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    errors.push(invalid(path, "", detail));
  } else if (value !== "") errors.push(invalid(path, "", "may not be specified when `value` is not empty"));
  else if (count > 1) errors.push(invalid(path, "", "may not have more than one field specified at a time"));
}

function checkKeySelector({ name = "", key }: { name?: string; key: string }, path: FieldPath, errors: Errors): void {
  addMessages(nameIsDnsSubdomain(name, false), name, path.child("name"), errors);
  if (key === "") errors.push(required(path.child("key")));
  else addMessages(isConfigMapKey(key), key, path.child("key"), errors);
}

function checkFileKey(selector: FileKeySelector, path: FieldPath, errors: Errors): void {
  if (selector.key === "") errors.push(required(path.child("key")));
  else addMessages(isEnvVarName(selector.key), selector.key, path.child("key"), errors);
  if (selector.volumeName === "") errors.push(required(path.child("volumeName")));
  else checkLabel(selector.volumeName, path.child("volumeName"), errors);
  if (selector.path === "") errors.push(required(path.child("path")));
  else checkNoBacksteps(selector.path, path.child("path"), errors);
}

export function checkEnvFrom(sources: readonly EnvFromSource[], path: FieldPath, errors: Errors): void {
  sources.forEach(({ prefix = "", configMapRef, secretRef }, index) => {
    const at = path.index(index);
    if (prefix !== "") addMessages(isEnvVarName(prefix), prefix, at.child("prefix"), errors);
    if (configMapRef !== undefined) checkSourceName(configMapRef.name ?? "", at.child("configMapRef"), errors);
    if (secretRef !== undefined) checkSourceName(secretRef.name ?? "", at.child("secretRef"), errors);
    if (configMapRef === undefined && secretRef === undefined) {
      errors.push(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    } else if (configMapRef !== undefined && secretRef !== undefined) {
      errors.push(invalid(path, "", "may not have more than one field specified at a time"));
    }
  });
}

function checkSourceName(name: string, path: FieldPath, errors: Errors): void {
  if (name === "") errors.push(required(path.child("name")));
  else addMessages(nameIsDnsSubdomain(name, true), name, path.child("name"), errors);
}
