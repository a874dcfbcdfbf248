import {
  duplicate,
  type FieldPath,
  forbidden,
  invalid,
  isNegativeError,
  isQualifiedName,
  notFound,
  parseQuantity,
  type Quantity,
  required,
} from "../../../apimachinery/index.ts";
import { own } from "../../../base/index.ts";
import type { ResourceClaim, ResourceRequirements } from "../../../api/index.ts";
import { checkLabel, checkQualifiedName, type Check, type Errors } from "./check.ts";

const quotaCounts = [
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
] as const;
const compute = ["cpu", "memory", "ephemeral-storage"] as const;
const prefixedCompute = compute.flatMap((name) => [`requests.${name}`, `limits.${name}`]);

const standardContainerResources: ReadonlySet<string> = new Set(compute);
const standardResources: ReadonlySet<string> = new Set([
  ...compute,
  ...prefixedCompute,
  ...quotaCounts,
  "requests.storage",
  "storage",
]);
const standardQuotaResources: ReadonlySet<string> = new Set([
  ...compute,
  ...prefixedCompute,
  ...quotaCounts,
  "requests.storage",
]);
const integerResources: ReadonlySet<string> = new Set(quotaCounts);

const hugePagesPrefix = "hugepages-";
const requestsHugePagesPrefix = "requests.hugepages-";

export function isHugePages(name: string): boolean {
  return name.startsWith(hugePagesPrefix);
}

function isQuotaHugePages(name: string): boolean {
  return isHugePages(name) || name.startsWith(requestsHugePagesPrefix);
}

/** Names without a prefix, and those of `kubernetes.io/`. */
export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

export function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith("requests.")) return false;
  return isQualifiedName(`requests.${name}`).length === 0;
}

export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

export function isIntegerResource(name: string): boolean {
  return integerResources.has(name) || isExtendedResource(name);
}

export function isStandardQuotaResource(name: string): boolean {
  return standardQuotaResources.has(name) || isQuotaHugePages(name);
}

function isStandardContainerResource(name: string): boolean {
  return standardContainerResources.has(name) || isHugePages(name);
}

/** A resource of any kind of object. */
export function checkResourceName(name: string, path: FieldPath, errors: Errors): void {
  const before = errors.length;
  checkQualifiedName(name, path, errors);
  if (errors.length > before) return;
  if (!name.includes("/") && !standardResources.has(name) && !isQuotaHugePages(name)) {
    errors.push(invalid(path, name, "must be a standard resource type or fully qualified"));
  }
}

export function checkContainerResourceName(name: string, path: FieldPath, errors: Errors): void {
  checkResourceName(name, path, errors);
  if (!name.includes("/")) {
    if (!isStandardContainerResource(name))
      errors.push(invalid(path, name, "must be a standard resource for containers"));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalid(path, name, "doesn't follow extended resource name standard"));
  }
}

export function checkQuotaResourceName(name: string, path: FieldPath, errors: Errors): void {
  checkResourceName(name, path, errors);
  if (!name.includes("/") && !isStandardQuotaResource(name)) {
    errors.push(invalid(path, name, "must be a standard resource for quota"));
  }
}

export function checkNonNegativeQuantity(value: string, path: FieldPath, errors: Errors): void {
  if (parseQuantity(value).sign < 0) errors.push(invalid(path, value, isNegativeError));
}

/** Quantities are canonical texts by now, which is also how they are shown. */
export function checkQuantityOf(name: string, value: string, path: FieldPath, errors: Errors): void {
  checkNonNegativeQuantity(value, path, errors);
  if (isIntegerResource(name) && !parseQuantity(value).isWhole())
    errors.push(invalid(path, value, "must be an integer"));
}

function checkHugePagesValue(name: string, value: string, path: FieldPath, errors: Errors): void {
  const size = pageSize(name);
  const divisible =
    size !== undefined && size.sign > 0 && size.isWhole() && parseQuantity(value).value() % size.value() === 0;
  if (!divisible) errors.push(invalid(path, value, `${value} is not positive integer multiple of ${name}`));
}

function pageSize(name: string): Quantity | undefined {
  try {
    return parseQuantity(name.slice(hugePagesPrefix.length));
  } catch {
    return undefined;
  }
}

export function checkContainerResources(
  resources: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  if (resources !== undefined) checkResources(resources, checkContainerResourceName, claimNames, path, errors);
}

/** `nameCheck` says which names may be used. */
export function checkResources(
  resources: ResourceRequirements,
  nameCheck: Check<string>,
  claimNames: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  const { limits = {}, requests = {} } = resources;
  for (const name in limits) checkEntry(name, limits[name] ?? "0", nameCheck, path.child("limits").key(name), errors);
  for (const name in requests) {
    checkEntry(name, requests[name] ?? "0", nameCheck, path.child("requests").key(name), errors);
    checkRequestAgainstLimit(name, requests[name] ?? "0", own(limits, name), path, errors);
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes("cpu") && !names.includes("memory")) {
    errors.push(forbidden(path, "HugePages require cpu or memory"));
  }
  checkClaims(resources.claims ?? [], claimNames, path.child("claims"), errors);
}

function checkEntry(name: string, value: string, nameCheck: Check<string>, path: FieldPath, errors: Errors): void {
  nameCheck(name, path, errors);
  checkQuantityOf(name, value, path, errors);
  if (isHugePages(name)) checkHugePagesValue(name, value, path, errors);
}

function checkRequestAgainstLimit(
  name: string,
  request: string,
  limit: string | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  const overcommit = isOvercommitAllowed(name);
  if (limit === undefined) {
    if (!overcommit) errors.push(required(path.child("limits"), "Limit must be set for non overcommitable resources"));
    return;
  }
  const order = parseQuantity(request).compare(parseQuantity(limit));
  const requests = path.child("requests");
  if (order !== 0 && !overcommit) errors.push(invalid(requests, request, `must be equal to ${name} limit of ${limit}`));
  else if (order > 0)
    errors.push(invalid(requests, request, `must be less than or equal to ${name} limit of ${limit}`));
}

function checkClaims(
  claims: readonly ResourceClaim[],
  podClaims: ReadonlySet<string>,
  path: FieldPath,
  errors: Errors,
): void {
  const seen = new Set<string>();
  claims.forEach(({ name, request = "" }, index) => {
    const at = path.index(index);
    if (name === "") {
      errors.push(required(at));
      return;
    }
    if (seen.has(name)) errors.push(duplicate(at, name));
    else checkClaimRequest(name, request, seen, at, errors);
    if (podClaims.has(name)) return;
    const known = podClaims.size === 0 ? " which is empty" : `: ${[...podClaims].sort().join(", ")}`;
    errors.push({ ...notFound(at, name), detail: `must be one of the names in pod.spec.resourceClaims${known}` });
  });
}

function checkClaimRequest(name: string, request: string, seen: Set<string>, path: FieldPath, errors: Errors): void {
  if (request !== "") checkLabel(request, path.child("request"), errors);
  const key = request === "" ? name : `${name}/${request}`;
  if (seen.has(key)) errors.push(duplicate(path, key));
  else if (request === "" && [...seen].some((other) => other.startsWith(`${name}/`)))
    errors.push(duplicate(path, name));
  seen.add(key);
}
