import type { Namespace } from "../../../api/index.ts";
import { StatusError } from "../../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { namespaceNamed } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

const immortal = new Set(["default", "kube-system", "kube-public"]);

/** Nothing is made in a namespace that is missing or going, and the system's namespaces stay. */
export function namespaceLifecycle(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    handles: (operation, resource) =>
      operation === "CREATE" || (operation === "DELETE" && isResource(resource, "", "namespaces")),
    onlyChecks: true,
    // Before any other plug-in has its say.
    admit: (attributes) => check(attributes, objects),
    validate: (attributes) => check(attributes, objects),
  };
}

function check(attributes: AdmissionAttributes, objects: ClusterObjects): void | Promise<void> {
  const { operation, resource, namespace, name } = attributes;
  if (isResource(resource, "", "namespaces")) {
    if (operation === "DELETE" && immortal.has(name)) throw refuse(attributes, "this namespace may not be deleted");
    return;
  }
  if (operation !== "CREATE" || namespace === "") return;
  // Asking whether something is allowed must work in namespaces that do not exist.
  if (isResource(resource, "authorization.k8s.io", "localsubjectaccessreviews")) return;
  const found = objects.get<Namespace>("", "namespaces", "", namespace);
  return found === undefined ? lookUp(attributes, objects) : checkPhase(attributes, found);
}

async function lookUp(attributes: AdmissionAttributes, objects: ClusterObjects): Promise<void> {
  checkPhase(attributes, await namespaceNamed(attributes.namespace, objects));
}

function checkPhase(attributes: AdmissionAttributes, { status }: Namespace): void {
  if (status?.phase !== "Terminating") return;
  const { namespace } = attributes;
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
}
