import type { KubeObject } from "../../apimachinery/index.ts";

export type IpFamily = "IPv4" | "IPv6";

export interface ServicePort {
  port: number;
  protocol?: string;
  nodePort?: number;
  name?: string;
}

/** What the allocators read and write of a Service. */
export interface Service extends KubeObject {
  spec: {
    type?: string;
    clusterIP?: string;
    clusterIPs?: string[];
    ipFamilies?: string[];
    ipFamilyPolicy?: string;
    selector?: Record<string, string>;
    ports?: ServicePort[];
    externalTrafficPolicy?: string;
    healthCheckNodePort?: number;
    allocateLoadBalancerNodePorts?: boolean;
  };
}

export function needsClusterIp({ spec }: Service): boolean {
  return spec.type !== "ExternalName";
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === "None" || spec.clusterIPs?.[0] === "None";
}

/** May have node ports; whether it gets some that it does not ask for is another question. */
export function hasNodePorts({ spec }: Service): boolean {
  return spec.type === "NodePort" || spec.type === "LoadBalancer";
}

export function needsNodePorts({ spec }: Service): boolean {
  return spec.type === "NodePort" || (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false);
}

export function needsHealthCheckPort({ spec }: Service): boolean {
  return spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";
}

/** The addresses of a Service that were given to it. */
export function addressesOf(service: Service): readonly string[] {
  return (service.spec.clusterIPs ?? []).filter((address) => address !== "" && address !== "None");
}

/** Its node ports, each once. */
export function nodePortsOf({ spec }: Service): readonly number[] {
  const ports = (spec.ports ?? []).map((port) => port.nodePort ?? 0);
  return [...new Set([...ports, spec.healthCheckNodePort ?? 0])].filter((port) => port !== 0);
}
