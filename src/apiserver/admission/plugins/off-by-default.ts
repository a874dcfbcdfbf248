import { isExtendedResource, type Pod, type Service, type Toleration } from "../../../api/index.ts";
import { newForbidden } from "../../../apimachinery/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import { namespaceNamed } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import { isPodWrite, isResource, refuse } from "../refuse.ts";

export const alwaysAdmit: AdmissionPlugin = { name: "AlwaysAdmit", handles: () => false };

export const alwaysDeny: AdmissionPlugin = {
  name: "AlwaysDeny",
  handles: () => true,
  onlyChecks: true,
  admit(attributes) {
    throw refuse(attributes, "admission control is denying all modifications");
  },
  validate(attributes) {
    throw refuse(attributes, "admission control is denying all modifications");
  },
};

export const denyServiceExternalIps: AdmissionPlugin = {
  name: "DenyServiceExternalIPs",
  handles: (operation, resource, subresource) =>
    (operation === "CREATE" || operation === "UPDATE") && subresource === "" && isResource(resource, "", "services"),
  validate(attributes) {
    const of = (service: unknown) => (service as Service | undefined)?.spec?.externalIPs ?? [];
    const before = of(attributes.oldObject);
    if (of(attributes.object).every((address) => before.includes(address))) return;
    throw refuse(attributes, "Use of external IPs is denied by admission control");
  },
};

/** Pods that ask for devices tolerate the taints that keep others off the nodes that have them. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: "ExtendedResourceToleration",
  handles: isPodWrite,
  admit({ object }) {
    const { spec } = object as Pod;
    if (spec === undefined) return;
    const containers = [...spec.containers, ...(spec.initContainers ?? [])];
    const asked = containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
    for (const key of [...new Set(asked)].filter(isExtendedResource).toSorted()) {
      const toleration: Toleration = { key, operator: "Exists", effect: "NoSchedule" };
      const { tolerations = [] } = spec;
      if (!tolerations.some((one) => isSame(one, toleration))) spec.tolerations = [...tolerations, toleration];
    }
  },
};

/** But for how long it holds. */
function isSame(one: Toleration, other: Toleration): boolean {
  return one.key === other.key && one.operator === other.operator && one.effect === other.effect && !one.value;
}

const hostname = "kubernetes.io/hostname";

/** Keeps anti-affinity from emptying whole zones. */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: "LimitPodHardAntiAffinityTopology",
  handles: isPodWrite,
  validate(attributes) {
    const { podAntiAffinity } = (attributes.object as Pod).spec?.affinity ?? {};
    const terms = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const other = terms.find(({ topologyKey }) => topologyKey !== hostname);
    if (other === undefined) return;
    throw newForbidden(
      attributes.resource,
      attributes.object?.metadata.name ?? "",
      `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${other.topologyKey} but only key ${hostname} is allowed`,
    );
  },
};

export function namespaceExists(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "NamespaceExists",
    handles: (operation, resource) => operation !== "CONNECT" && !isResource(resource, "", "namespaces"),
    async validate({ namespace }) {
      if (namespace !== "") await namespaceNamed(namespace, objects);
    },
  };
}
