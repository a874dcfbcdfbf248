import type { ProxyEndpoint } from "../state/endpoints.ts";
import type { ServicePort } from "../state/service-port.ts";

export const chains = {
  services: "services",
  masquerading: "masquerading",
  mark: "mark-for-masquerade",
  reject: "reject-chain",
  serviceRanges: "service-ranges",
} as const;

export const maps = {
  serviceIps: "service-ips",
  serviceNodePorts: "service-nodeports",
  noEndpointServices: "no-endpoint-services",
  noEndpointNodePorts: "no-endpoint-nodeports",
  firewallIps: "firewall-ips",
} as const;

export const sets = { clusterIps: "cluster-ips", nodePortIps: "nodeport-ips" } as const;

/** Names hold what they are for, so that `nft list` can be read. */
function portPath({ namespace, name, protocol, portName, port }: ServicePort): string {
  return `${namespace}/${name}/${protocol}/${portName === "" ? port : portName}`;
}

export const serviceChain = (port: ServicePort): string => `service/${portPath(port)}`;
export const localChain = (port: ServicePort): string => `local/${portPath(port)}`;
export const externalChain = (port: ServicePort): string => `external/${portPath(port)}`;
export const firewallChain = (port: ServicePort): string => `firewall/${portPath(port)}`;

/** Colons of IPv6 addresses are not allowed in names. */
export function endpointChain(port: ServicePort, { address, port: target }: ProxyEndpoint): string {
  return `endpoint/${portPath(port)}/${address.replaceAll(":", "_")}/${target}`;
}

/** A set's timeout cannot be changed, so it is part of the name. */
export function affinitySet(port: ServicePort, { address, port: target }: ProxyEndpoint): string {
  return `affinity/${port.affinitySeconds}/${portPath(port)}/${address.replaceAll(":", "_")}/${target}`;
}
