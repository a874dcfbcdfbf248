import { type Chain, concat, type ElementSet } from "../../network/index.ts";
import type { ProxyConfig } from "../config.ts";
import { type ChosenEndpoints, type ProxyEndpoint } from "../state/endpoints.ts";
import type { ServicePort } from "../state/service-port.ts";
import {
  affinitySet,
  chains,
  endpointChain,
  externalChain,
  firewallChain,
  localChain,
  type maps,
  serviceChain,
} from "./names.ts";

type Entry = readonly [key: string, value: string];

/** What one Service port adds to the table. */
export interface Part {
  readonly chains: readonly (readonly [name: string, chain: Chain])[];
  readonly sets: readonly (readonly [name: string, set: ElementSet])[];
  readonly clusterIps: readonly string[];
  readonly maps: Readonly<Record<keyof typeof maps, readonly Entry[]>>;
}

/** The words that differ between IPv4 and IPv6. */
export function dialect(family: ProxyConfig["family"]) {
  return family === "IPv4" ? ({ ip: "ip", type: "ipv4_addr" } as const) : ({ ip: "ip6", type: "ipv6_addr" } as const);
}

export function renderPort(port: ServicePort, chosen: ChosenEndpoints, config: ProxyConfig): Part {
  const externals = [...port.externalIps, ...port.loadBalancerIps];
  const key = (address: string) => concat(address, port.protocol, port.port);
  const nodePortKey = concat(port.protocol, port.nodePort);
  const hasExternal = externals.length > 0 || port.nodePort !== 0;
  const internal = port.internalLocal ? chosen.local : chosen.cluster;
  const external = port.externalLocal ? chosen.local : chosen.cluster;
  const refused = chosen.any ? "drop" : `goto ${chains.reject}`;

  const used = new Set<ProxyEndpoint>();
  const own: (readonly [string, Chain])[] = [];
  const distribute = (name: string, endpoints: readonly ProxyEndpoint[]) => {
    if (endpoints.length === 0) return;
    for (const endpoint of endpoints) used.add(endpoint);
    own.push([name, { rules: [...clusterIpMasquerade(port, config), ...spread(port, endpoints, config)] }]);
  };
  if (!port.internalLocal || hasExternal) distribute(serviceChain(port), chosen.cluster);
  if (port.internalLocal || (port.externalLocal && hasExternal)) distribute(localChain(port), chosen.local);
  if (hasExternal && chosen.any) own.push([externalChain(port), { rules: externalRules(port, chosen, config) }]);
  const firewalled = port.sourceRanges.length > 0 && port.loadBalancerIps.length > 0;
  if (firewalled) own.push([firewallChain(port), { rules: firewallRules(port, config) }]);

  const toExternal = chosen.any ? `goto ${externalChain(port)}` : undefined;
  return {
    chains: [...own, ...[...used].map((endpoint) => endpointRules(port, endpoint, config))],
    sets: port.affinitySeconds === 0 ? [] : [...used].map((endpoint) => affinity(port, endpoint, config)),
    clusterIps: [port.clusterIp],
    maps: {
      serviceIps: [
        ...(internal.length === 0
          ? []
          : [[key(port.clusterIp), `goto ${port.internalLocal ? localChain(port) : serviceChain(port)}`] as const]),
        ...(toExternal === undefined ? [] : externals.map((address) => [key(address), toExternal] as const)),
      ],
      serviceNodePorts: toExternal === undefined || port.nodePort === 0 ? [] : [[nodePortKey, toExternal]],
      noEndpointServices: [
        ...(internal.length === 0 ? [[key(port.clusterIp), refused] as const] : []),
        ...(external.length === 0 ? externals.map((address) => [key(address), refused] as const) : []),
      ],
      noEndpointNodePorts: external.length === 0 && port.nodePort !== 0 ? [[nodePortKey, refused]] : [],
      firewallIps: firewalled
        ? port.loadBalancerIps.map((address) => [key(address), `goto ${firewallChain(port)}`] as const)
        : [],
    },
  };
}

/** Matches what pods send, or with `!= ` what others send; `undefined` when nothing tells them apart. */
function fromPods({ clusterCidr, podInterface, family }: ProxyConfig, not: "" | "!= "): string | undefined {
  if (podInterface !== undefined) return `iifname ${not}"${podInterface}"`;
  return clusterCidr === undefined ? undefined : `${dialect(family).ip} saddr ${not}${clusterCidr}`;
}

function clusterIpMasquerade(port: ServicePort, config: ProxyConfig): readonly string[] {
  const { ip } = dialect(config.family);
  const toClusterIp = `${ip} daddr ${port.clusterIp} ${port.protocol} dport ${port.port}`;
  if (config.masqueradeAll) return [`${toClusterIp} jump ${chains.mark}`];
  const strangers = fromPods(config, "!= ");
  return strangers === undefined ? [] : [`${toClusterIp} ${strangers} jump ${chains.mark}`];
}

/** Clients with affinity return to their endpoint; the others are spread evenly by chance. */
function spread(port: ServicePort, endpoints: readonly ProxyEndpoint[], config: ProxyConfig): readonly string[] {
  const { ip } = dialect(config.family);
  const targets = endpoints.map((endpoint) => `goto ${endpointChain(port, endpoint)}`);
  const returning =
    port.affinitySeconds === 0
      ? []
      : endpoints.map((endpoint, at) => `${ip} saddr @${affinitySet(port, endpoint)} ${targets[at]}`);
  const choices = targets.map((target, at) => `${at} : ${target}`).join(", ");
  return [...returning, `numgen random mod ${targets.length} vmap { ${choices} }`];
}

/**
 * Under the policy Local the client's address is kept, so only local endpoints can answer; pods and the node itself
 * may still go anywhere.
 */
function externalRules(port: ServicePort, chosen: ChosenEndpoints, config: ProxyConfig): readonly string[] {
  const anywhere = chosen.cluster.length > 0 ? [`goto ${serviceChain(port)}`] : [];
  if (!port.externalLocal) return [`jump ${chains.mark}`, ...anywhere];
  const match = fromPods(config, "");
  const pods = match === undefined ? [] : anywhere.map((rule) => `${match} ${rule}`);
  const node = anywhere.map((rule) => `fib saddr type local ${rule}`);
  const local = chosen.local.length > 0 ? [`goto ${localChain(port)}`] : [];
  return [...pods, `fib saddr type local jump ${chains.mark}`, ...node, ...local];
}

function firewallRules(port: ServicePort, config: ProxyConfig): readonly string[] {
  // One rule for each: ranges may overlap, which a set would refuse.
  return [...port.sourceRanges.map((range) => `${dialect(config.family).ip} saddr ${range} return`), "drop"];
}

/** A pod that reaches itself through its Service must see another source address, or it would answer itself directly. */
function endpointRules(port: ServicePort, endpoint: ProxyEndpoint, config: ProxyConfig): readonly [string, Chain] {
  const { ip } = dialect(config.family);
  const target = config.family === "IPv4" ? endpoint.address : `[${endpoint.address}]`;
  const remember = port.affinitySeconds === 0 ? [] : [`update @${affinitySet(port, endpoint)} { ${ip} saddr }`];
  const hairpin = `${ip} saddr ${endpoint.address} jump ${chains.mark}`;
  const translate = `meta l4proto ${port.protocol} dnat to ${target}:${endpoint.port}`;
  return [endpointChain(port, endpoint), { rules: [hairpin, ...remember, translate] }];
}

function affinity(port: ServicePort, endpoint: ProxyEndpoint, config: ProxyConfig): readonly [string, ElementSet] {
  const { type } = dialect(config.family);
  const flags = ["dynamic", "timeout"] as const;
  return [affinitySet(port, endpoint), { type, flags, timeoutSeconds: port.affinitySeconds, elements: new Set() }];
}
