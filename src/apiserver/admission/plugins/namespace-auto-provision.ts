import type { Namespace } from "../../../api/index.ts";
import { isStatusError } from "../../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

/** Makes the namespace that something is created in, if there is none. It has its say before all others. */
export function namespaceAutoProvision(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "NamespaceAutoProvision",
    handles: (operation, resource) => operation === "CREATE" && !isResource(resource, "", "namespaces"),
    admit(attributes) {
      const { namespace, dryRun } = attributes;
      if (dryRun || namespace === "") return undefined;
      const found = objects.get<Namespace>("", "namespaces", "", namespace);
      return found === undefined ? provide(attributes, objects) : undefined;
    },
  };
}

async function provide(attributes: AdmissionAttributes, objects: ClusterObjects): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: attributes.namespace } };
  try {
    await objects.create("", "namespaces", namespace);
  } catch (error) {
    if (!isStatusError(error)) throw error;
    if (error.status.reason === "AlreadyExists") return;
    throw error.status.reason === "Forbidden" ? error : refuse(attributes, error.message);
  }
}
