import { type StatusCause, newFailure, type StatusError } from "../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./contract.ts";

/** `pods "web" is forbidden: why`. Upstream: `admission.NewForbidden`. */
export function refuse(attributes: AdmissionAttributes, why: string, causes?: readonly StatusCause[]): StatusError {
  const { resource, name, object } = attributes;
  const called = name || object?.metadata?.name || object?.metadata?.generateName || "Unknown";
  const full = resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
  return newFailure(403, "Forbidden", `${full} ${JSON.stringify(called)} is forbidden: ${why}`, {
    name: called,
    ...(resource.group === "" ? {} : { group: resource.group }),
    kind: resource.resource,
    ...(causes === undefined ? {} : { causes }),
  });
}

/** Whether a plug-in's resource is meant, whatever its version. */
export function isResource(
  resource: { readonly group: string; readonly resource: string },
  group: string,
  ...names: readonly string[]
): boolean {
  return resource.group === group && names.includes(resource.resource);
}

/** Whether pods themselves are created or changed. */
export const isPodWrite: AdmissionPlugin["handles"] = (operation, resource, subresource) =>
  (operation === "CREATE" || operation === "UPDATE") && subresource === "" && isResource(resource, "", "pods");
