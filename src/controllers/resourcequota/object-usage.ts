import type { PersistentVolumeClaim, Service } from "../../api/index.ts";
import { parseQuantity, Quantity } from "../../apimachinery/index.ts";
import type { Amounts } from "./pod-usage.ts";

const one = Quantity.fromValue(1);
const betaClassAnnotation = "volume.beta.kubernetes.io/storage-class";

export function serviceUsage({ spec }: Service): Amounts {
  const usage = new Map([["services", one]]);
  const ports = spec.ports ?? [];
  if (spec.type === "NodePort") usage.set("services.nodeports", Quantity.fromValue(ports.length));
  if (spec.type === "LoadBalancer") {
    usage.set("services.loadbalancers", one);
    const allocated =
      spec.allocateLoadBalancerNodePorts !== false
        ? ports.length
        : ports.filter(({ nodePort = 0 }) => nodePort !== 0).length;
    usage.set("services.nodeports", Quantity.fromValue(allocated));
  }
  return usage;
}

export function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): Amounts {
  const usage = new Map([["persistentvolumeclaims", one]]);
  const asked = parseQuantity(spec.resources?.requests?.["storage"] ?? "0");
  // While a claim grows, what is on its way counts.
  const allocated = status?.allocatedResources?.["storage"];
  const storage =
    allocated === undefined || parseQuantity(allocated).compare(asked) < 0 ? asked : parseQuantity(allocated);
  usage.set("requests.storage", storage);
  const storageClass = metadata.annotations?.[betaClassAnnotation] ?? spec.storageClassName ?? "";
  if (storageClass === "") return usage;
  const suffix = `${storageClass}.storageclass.storage.k8s.io`;
  usage.set(`${suffix}/persistentvolumeclaims`, one);
  usage.set(`${suffix}/requests.storage`, storage);
  return usage;
}

/** Resources that are counted by their plain names as well as by `count/…`. */
export const plainCounts: readonly string[] = ["configmaps", "secrets", "replicationcontrollers", "resourcequotas"];

/** The group and resource in `count/deployments.apps`. */
export function countedResource(name: string): { readonly resource: string; readonly group: string } | undefined {
  if (plainCounts.includes(name)) return { resource: name, group: "" };
  if (!name.startsWith("count/")) return undefined;
  const [resource = "", ...group] = name.slice("count/".length).split(".");
  return { resource, group: group.join(".") };
}
