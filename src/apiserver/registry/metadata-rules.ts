import type { MetadataRules } from "./contract.ts";

const usual: MetadataRules = { knownFinalizers: "everywhere" };
const namedOnUpdate: MetadataRules = { ...usual, namesOn: [""] };
/** Of groups that do not know Kubernetes' own finalizers. */
const anyFinalizers: MetadataRules = { namesOn: [""] };

/** What kinds ask of metadata where it is not the usual: by `group/resource`, or `group/*`. */
const exceptions: Readonly<Record<string, MetadataRules>> = {
  "/configmaps": namedOnUpdate,
  "/endpoints": namedOnUpdate,
  "/events": { onCreate: "last" },
  "/limitranges": namedOnUpdate,
  "/namespaces": namedOnUpdate,
  "/nodes": namedOnUpdate,
  "/persistentvolumeclaims": namedOnUpdate,
  "/persistentvolumes": namedOnUpdate,
  "/pods": namedOnUpdate,
  "/replicationcontrollers": { ...usual, onCreate: "unprefixed" },
  "/secrets": namedOnUpdate,
  "/serviceaccounts": namedOnUpdate,
  "admissionregistration.k8s.io/*": anyFinalizers,
  "apiextensions.k8s.io/customresourcedefinitions": {},
  "apiregistration.k8s.io/apiservices": anyFinalizers,
  "apps/controllerrevisions": namedOnUpdate,
  "batch/cronjobs": { knownFinalizers: "notInStatus" },
  "batch/jobs": namedOnUpdate,
  "coordination.k8s.io/leases": {},
  "discovery.k8s.io/endpointslices": namedOnUpdate,
  "flowcontrol.apiserver.k8s.io/*": namedOnUpdate,
  "networking.k8s.io/ingressclasses": namedOnUpdate,
  "networking.k8s.io/ingresses": namedOnUpdate,
  "networking.k8s.io/ipaddresses": namedOnUpdate,
  "node.k8s.io/runtimeclasses": anyFinalizers,
  "policy/poddisruptionbudgets": { onCreate: "last" },
  "resource.k8s.io/deviceclasses": { ...usual, onCreate: "unprefixed" },
  "resource.k8s.io/resourceclaims": namedOnUpdate,
  "resource.k8s.io/resourceclaimtemplates": namedOnUpdate,
  "storage.k8s.io/csinodes": namedOnUpdate,
  "storage.k8s.io/csistoragecapacities": namedOnUpdate,
  "storage.k8s.io/storageclasses": namedOnUpdate,
  "storage.k8s.io/volumeattachments": { ...usual, namesOn: ["", "status"] },
  "storage.k8s.io/volumeattributesclasses": namedOnUpdate,
};

/** `resource` as in the table of strategies: its version, if any, does not matter. */
export function metadataRulesOf(resource: string): MetadataRules {
  const [group = "", ...rest] = resource.split("/");
  return exceptions[`${group}/${rest.at(-1)}`] ?? exceptions[`${group}/*`] ?? usual;
}
