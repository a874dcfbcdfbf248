import { isQualifiedName } from "../../../apimachinery/index.ts";

/** Whether the name is that of a resource of Kubernetes' own. */
export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

/** Whether the name is that of a resource of somebody else's, such as a device. Upstream: `IsExtendedResourceName`. */
export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith("requests.") && isQualifiedName(`requests.${name}`).length === 0;
}
