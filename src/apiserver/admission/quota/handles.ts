import { changesClaimQuota, isTerminating, type PersistentVolumeClaim } from "../../../api/index.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { isResource } from "../refuse.ts";

type Operation = AdmissionAttributes["operation"];
type Resource = AdmissionAttributes["resource"];

/** Never stored, or not counted. */
const ignored: ReadonlySet<string> = new Set([
  ...["/bindings", "/componentstatuses", "/events", "events.k8s.io/events", "/namespaces"],
  ...["authentication.k8s.io/tokenreviews", "authentication.k8s.io/selfsubjectreviews"],
  ...["authorization.k8s.io/subjectaccessreviews", "authorization.k8s.io/selfsubjectaccessreviews"],
  ...["authorization.k8s.io/localsubjectaccessreviews", "authorization.k8s.io/selfsubjectrulesreviews"],
]);

/** Whether a write can take anything of a quota. */
export function takesQuota(operation: Operation, of: Resource, subresource: string): boolean {
  if (ignored.has(`${of.group}/${of.resource}`)) return false;
  if (subresource === "resize") return operation === "UPDATE" && isResource(of, "", "pods");
  if (subresource === "status") return operation === "UPDATE" && isResource(of, "", "persistentvolumeclaims");
  if (subresource !== "") return false;
  if (operation === "CREATE") return true;
  const changes =
    isResource(of, "", "pods", "services", "persistentvolumeclaims") ||
    isResource(of, "resource.k8s.io", "resourceclaims");
  return operation === "UPDATE" && changes;
}

/** Of the changes that may, whether this one does. Upstream: `Evaluator.Handles`. */
export function mayTakeMore({ operation, resource, subresource, object, oldObject }: AdmissionAttributes): boolean {
  if (operation !== "UPDATE" || object === undefined || oldObject === undefined) return true;
  if (isResource(resource, "", "pods"))
    return subresource === "resize" || isTerminating(object) !== isTerminating(oldObject);
  if (subresource !== "status") return true;
  return changesClaimQuota(object as PersistentVolumeClaim, oldObject as PersistentVolumeClaim);
}
