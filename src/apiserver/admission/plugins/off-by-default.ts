import { containersOf, type Namespace, type Pod, type Service } from "../../../api/index.ts";
import { isStatusError } from "../../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { namespaceNamed } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

const isPodWrite: AdmissionPlugin["handles"] = (operation, resource, subresource) =>
  (operation === "CREATE" || operation === "UPDATE") && subresource === "" && isResource(resource, "", "pods");

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

/** Who runs an image must have been able to pull it, on every node. */
export const alwaysPullImages: AdmissionPlugin = {
  name: "AlwaysPullImages",
  handles: isPodWrite,
  admit({ object, oldObject }) {
    if (oldObject !== undefined && imagesOf(object as Pod) === imagesOf(oldObject as Pod)) return;
    for (const container of containersOf((object as Pod).spec)) container.imagePullPolicy = "Always";
  },
};

function imagesOf(pod: Pod): string {
  return JSON.stringify(containersOf(pod.spec).map(({ image }) => image));
}

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
    const pod = object as Pod;
    if (pod.spec === undefined) return;
    const asked = containersOf(pod.spec).flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
    for (const key of [...new Set(asked)].filter(isExtended).toSorted()) {
      const { tolerations = [] } = pod.spec;
      if (tolerations.some((one) => one.key === key && one.operator === "Exists" && !one.effect)) continue;
      pod.spec.tolerations = [...tolerations, { key, operator: "Exists" }];
    }
  },
};

function isExtended(name: string): boolean {
  return name.includes("/") && !/(^|\.)kubernetes\.io\//.test(name);
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
    throw refuse(
      attributes,
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

const selectorAnnotation = "scheduler.alpha.kubernetes.io/node-selector";

/** Pods of a namespace run on the nodes that its annotation names. */
export function podNodeSelector(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "PodNodeSelector",
    handles: (operation, resource, subresource) =>
      operation === "CREATE" && subresource === "" && isResource(resource, "", "pods"),
    async admit(attributes) {
      const pod = attributes.object as Pod;
      const wanted = selectorOf(await namespaceOf(attributes, objects));
      const own = pod.spec?.nodeSelector ?? {};
      if (pod.spec === undefined || Object.keys(wanted).length === 0) return;
      if (Object.entries(wanted).some(([key, value]) => own[key] !== undefined && own[key] !== value))
        throw refuse(attributes, "pod node label selector conflicts with its namespace node label selector");
      pod.spec.nodeSelector = { ...wanted, ...own };
    },
  };
}

async function namespaceOf(attributes: AdmissionAttributes, objects: ClusterObjects): Promise<Namespace> {
  try {
    return await namespaceNamed(attributes.namespace, objects);
  } catch (error) {
    throw isStatusError(error) ? refuse(attributes, error.message) : error;
  }
}

/** `a=b,c=d`. */
function selectorOf({ metadata }: Namespace): Readonly<Record<string, string>> {
  const text = metadata.annotations?.[selectorAnnotation] ?? "";
  const pairs = text
    .split(",")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => pair.split("=").map((part) => part.trim())).map(([key = "", value = ""]) => [key, value]),
  );
}
