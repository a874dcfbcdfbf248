import type { Service } from "../../api/index.ts";

export type Protocol = "tcp" | "udp" | "sctp";

/** One port of one Service, in one address family, as the proxy sees it. */
export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly portName: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly clusterIp: string;
  readonly externalIps: readonly string[];
  readonly loadBalancerIps: readonly string[];
  /** Who may use the load balancer's addresses; empty means anybody. */
  readonly sourceRanges: readonly string[];
  /** 0 when there is none. */
  readonly nodePort: number;
  /** 0 when clients have no affinity. */
  readonly affinitySeconds: number;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
}

const AFFINITY_SECONDS_DEFAULT = 10_800;
const PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name";
const protocols: Readonly<Record<string, Protocol>> = { TCP: "tcp", UDP: "udp", SCTP: "sctp" };

/** Whether a Service is for this proxy at all: it has a cluster IP and no other proxy's label. */
export function isProxied(service: Service): boolean {
  const { clusterIP, type } = service.spec ?? {};
  if (type === "ExternalName" || clusterIP === undefined || clusterIP === "" || clusterIP === "None") return false;
  return service.metadata.labels?.[PROXY_NAME_LABEL] === undefined;
}

export function servicePorts(service: Service, family: "IPv4" | "IPv6"): readonly ServicePort[] {
  const { spec } = service;
  if (spec === undefined || !isProxied(service)) return [];
  const ours = (address: string) => address.includes(":") === (family === "IPv6");
  const clusterIp = (spec.clusterIPs ?? [spec.clusterIP ?? ""]).find(ours);
  if (clusterIp === undefined) return [];
  const isExternal = spec.type === "NodePort" || spec.type === "LoadBalancer" || (spec.externalIPs ?? []).length > 0;
  const common = {
    namespace: service.metadata.namespace ?? "",
    name: service.metadata.name ?? "",
    clusterIp,
    externalIps: (spec.externalIPs ?? []).filter(ours),
    loadBalancerIps: spec.type === "LoadBalancer" ? loadBalancerIps(service).filter(ours) : [],
    sourceRanges:
      spec.type === "LoadBalancer"
        ? (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter(ours)
        : [],
    affinitySeconds:
      spec.sessionAffinity === "ClientIP"
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS_DEFAULT)
        : 0,
    internalLocal: spec.internalTrafficPolicy === "Local",
    externalLocal: isExternal && spec.externalTrafficPolicy === "Local",
  };
  return (spec.ports ?? []).flatMap(({ name, port, protocol, nodePort }) => {
    const known = protocols[protocol ?? "TCP"];
    return known === undefined
      ? []
      : [{ ...common, portName: name ?? "", protocol: known, port, nodePort: nodePort ?? 0 }];
  });
}

/** Addresses with `ipMode: Proxy` are left to the load balancer. */
function loadBalancerIps(service: Service): readonly string[] {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  return ingress.flatMap(({ ip, ipMode }) => (ip === undefined || ip === "" || ipMode === "Proxy" ? [] : [ip]));
}
