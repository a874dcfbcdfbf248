import type { Service } from "../../../api/index.ts";

export function isHeadless({ spec }: Service): boolean {
  return spec?.clusterIPs?.length === 1 && spec.clusterIPs[0] === "None";
}

export function hasClusterIp({ spec }: Service): boolean {
  return spec?.type !== "ExternalName";
}

export function isLoadBalancer({ spec }: Service): boolean {
  return spec?.type === "LoadBalancer";
}

/** Reached from outside the cluster, one way or another. */
export function isExternal({ spec }: Service): boolean {
  const { type, externalIPs = [] } = spec ?? {};
  return type === "LoadBalancer" || type === "NodePort" || (type === "ClusterIP" && externalIPs.length > 0);
}

export function needsHealthCheck({ spec }: Service): boolean {
  return spec?.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

export function needsNodePorts({ spec }: Service): boolean {
  return spec?.type === "NodePort" || (spec?.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
}
