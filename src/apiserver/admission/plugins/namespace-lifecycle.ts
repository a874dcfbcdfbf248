import type { Namespace } from "../../../api/index.ts";
import { newNotFound, StatusError } from "../../../apimachinery/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

const immortal = new Set(["default", "kube-system", "kube-public"]);

/** Nothing is made in a namespace that is missing or going, and the system's namespaces stay. */
export function namespaceLifecycle(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    handles: (operation) => operation !== "CONNECT",
    async validate(attributes) {
      const { operation, resource, namespace, name, subresource } = attributes;
      if (operation === "DELETE" && isResource(resource, "", "namespaces") && immortal.has(name)) {
        throw refuse(attributes, "this namespace may not be deleted");
      }
      if (operation !== "CREATE" || namespace === "" || isResource(resource, "", "namespaces")) return;
      // Asking whether something is allowed must work in namespaces that do not exist.
      if (isResource(resource, "authorization.k8s.io", "localsubjectaccessreviews")) return;
      const found =
        objects.get<Namespace>("", "namespaces", "", namespace) ??
        (await objects.getFresh<Namespace>("", "namespaces", "", namespace));
      if (found === undefined) throw newNotFound({ group: "", resource: "namespaces" }, namespace);
      if (found.status?.phase !== "Terminating" || subresource !== "") return;
      const refusal = refuse(
        attributes,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
      const causes = [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ];
      throw new StatusError({ ...refusal.status, details: { ...refusal.status.details, causes } });
    },
  };
}
