/** Where upstream keeps resources whose place is not simply their name (`SpecialDefaultResourcePrefixes`). */
const special: Readonly<Record<string, string>> = {
  "/replicationcontrollers": "controllers",
  "/endpoints": "services/endpoints",
  "/services": "services/specs",
  "/nodes": "minions",
  "networking.k8s.io/ingresses": "ingress",
  "apiregistration.k8s.io/apiservices": "apiregistration.k8s.io/apiservices",
  "apiextensions.k8s.io/customresourcedefinitions": "apiextensions.k8s.io/customresourcedefinitions",
};

/** `/registry/pods/`: as in upstream's etcd, so that either server can take over the other's data. */
export function builtInPrefix(group: string, resource: string): string {
  return `/registry/${special[`${group}/${resource}`] ?? resource}/`;
}

export function customPrefix(group: string, resource: string): string {
  return `/registry/${group}/${resource}/`;
}
