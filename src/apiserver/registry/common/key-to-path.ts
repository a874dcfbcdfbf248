import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from "../../../api/index.ts";
import { type FieldPath, invalid, notSupported, parseQuantity, required } from "../../../apimachinery/index.ts";
import { checkFileMode, checkLocalNonReservedPath, checkQualifiedName, checkRequired, type Errors } from "./check.ts";

export function checkKeyToPath(item: KeyToPath, path: FieldPath, errors: Errors): void {
  checkRequired(item.key, path.child("key"), errors);
  checkRequired(item.path, path.child("path"), errors);
  checkLocalNonReservedPath(item.path, path.child("path"), errors);
  checkFileMode(item.mode, path.child("mode"), errors);
}

const volumeFieldPaths: readonly string[] = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

export const environmentFieldPaths: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

/** What the downward API knows at all; everything else cannot be converted. */
const knownFieldPaths: ReadonlySet<string> = new Set([
  ...volumeFieldPaths,
  ...environmentFieldPaths,
  "spec.restartPolicy",
  "spec.schedulerName",
  "spec.hostNetwork",
  "status.phase",
  "status.nominatedNodeName",
  "spec.host",
]);

/** One file of a downward API volume. */
export function checkDownwardFile(file: DownwardAPIVolumeFile, path: FieldPath, errors: Errors): void {
  checkRequired(file.path, path.child("path"), errors);
  checkLocalNonReservedPath(file.path, path.child("path"), errors);
  if (file.fieldRef !== undefined) {
    checkFieldSelector(file.fieldRef, volumeFieldPaths, path.child("fieldRef"), errors);
    if (file.resourceFieldRef !== undefined) {
      errors.push(invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    }
  } else if (file.resourceFieldRef !== undefined) {
    checkResourceFieldSelector(file.resourceFieldRef, path.child("resourceFieldRef"), errors, true);
  } else errors.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  checkFileMode(file.mode, path.child("mode"), errors);
}

const subscripted = /^([^[\]]*)\['([^']*)'\]$/;

export function checkFieldSelector(
  { apiVersion = "", fieldPath = "" }: ObjectFieldSelector,
  allowed: readonly string[],
  path: FieldPath,
  errors: Errors,
): void {
  if (apiVersion === "") {
    errors.push(required(path.child("apiVersion")));
    return;
  }
  if (fieldPath === "") {
    errors.push(required(path.child("fieldPath")));
    return;
  }
  const [, base = fieldPath, subscript] = subscripted.exec(fieldPath) ?? [];
  const problem = conversionProblem(apiVersion, base, fieldPath);
  if (problem !== undefined) {
    errors.push(invalid(path.child("fieldPath"), fieldPath, `error converting fieldPath: ${problem}`));
  } else if (subscript === undefined) {
    if (!allowed.includes(base)) errors.push(notSupported(path.child("fieldPath"), base, allowed));
  } else if (base === "metadata.annotations") checkQualifiedName(subscript.toLowerCase(), path, errors);
  else if (base === "metadata.labels") checkQualifiedName(subscript, path, errors);
  else errors.push(invalid(path, base, "does not support subscript"));
}

function conversionProblem(apiVersion: string, base: string, whole: string): string | undefined {
  if (apiVersion !== "v1") return `unsupported pod version: ${apiVersion}`;
  if (base !== whole && base !== "metadata.annotations" && base !== "metadata.labels") {
    return `field label does not support subscript: ${whole}`;
  }
  return knownFieldPaths.has(base) ? undefined : `field label not supported: ${whole}`;
}

const resourcePaths: readonly string[] = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const sizeDivisors = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
const sizeDivisorSet: ReadonlySet<string> = new Set(sizeDivisors.split(", "));
const hugePagesPath = /^(requests|limits)\.hugepages-/;

export function checkResourceFieldSelector(
  { containerName = "", resource, divisor }: ResourceFieldSelector,
  path: FieldPath,
  errors: Errors,
  inVolume: boolean,
): void {
  if (inVolume && containerName === "") errors.push(required(path.child("containerName")));
  else if (resource === "") errors.push(required(path.child("resource")));
  else if (!resourcePaths.includes(resource) && !hugePagesPath.test(resource)) {
    errors.push(notSupported(path.child("resource"), resource, resourcePaths));
  }
  if (divisor !== undefined && !parseQuantity(divisor).isZero)
    checkDivisor(resource, divisor, path.child("divisor"), errors);
}

function checkDivisor(resource: string, divisor: string, path: FieldPath, errors: Errors): void {
  const kind = hugePagesPath.test(resource) ? "hugepages" : resource.slice(resource.indexOf(".") + 1);
  if (kind === "cpu") {
    if (divisor !== "1" && divisor !== "1m") {
      errors.push(invalid(path, resource, "only divisor's values 1m and 1 are supported with the cpu resource"));
    }
    return;
  }
  const named = kind === "ephemeral-storage" ? "local ephemeral storage" : kind;
  if ((kind === "memory" || kind === "ephemeral-storage" || kind === "hugepages") && !sizeDivisorSet.has(divisor)) {
    errors.push(
      invalid(path, resource, `only divisor's values ${sizeDivisors} are supported with the ${named} resource`),
    );
  }
}
