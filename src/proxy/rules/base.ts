import { type Chain, concat } from "../../network/index.ts";
import type { ProxyConfig } from "../config.ts";
import { chains, maps, sets } from "./names.ts";
import { dialect } from "./part.ts";

/** The names that nft gives these priorities in all families but bridge. */
const DNAT = -100;
const SNAT = 100;

/**
 * The chains that are there without any Service. Packets of a new connection meet them in this order: source ranges
 * (before translation), translation, then refusal of what was not translated though it is for a Service.
 */
export function baseChains(
  config: ProxyConfig,
  serviceRanges: readonly string[],
): readonly (readonly [string, Chain])[] {
  const { ip } = dialect(config.family);
  const bit = `0x${(2 ** config.masqueradeBit).toString(16)}`;
  const destination = `${ip} daddr . meta l4proto . th dport`;
  const nodePort = `${nodePortMatch(config)} meta l4proto . th dport`;
  const translate = { rules: [`jump ${chains.services}`] };
  const checkSources = { rules: [`ct state new ${destination} vmap @${maps.firewallIps}`] };
  const refuseServices = `ct state new ${destination} vmap @${maps.noEndpointServices}`;
  const refuseNodePorts = `ct state new ${nodePort} vmap @${maps.noEndpointNodePorts}`;
  const refuseOtherPorts = `ct state new ${ip} daddr @${sets.clusterIps} reject`;
  const refuseRanges = `ct state new jump ${chains.serviceRanges}`;
  return [
    ["nat-prerouting", { hook: { type: "nat", at: "prerouting", priority: DNAT }, ...translate }],
    ["nat-output", { hook: { type: "nat", at: "output", priority: DNAT }, ...translate }],
    [
      "nat-postrouting",
      { hook: { type: "nat", at: "postrouting", priority: SNAT }, rules: [`jump ${chains.masquerading}`] },
    ],
    ["filter-prerouting", { hook: { type: "filter", at: "prerouting", priority: DNAT - 10 }, ...checkSources }],
    ["filter-output-before", { hook: { type: "filter", at: "output", priority: DNAT - 10 }, ...checkSources }],
    [
      "filter-input",
      { hook: { type: "filter", at: "input", priority: DNAT + 10 }, rules: [refuseNodePorts, refuseServices] },
    ],
    [
      "filter-forward",
      {
        hook: { type: "filter", at: "forward", priority: DNAT + 10 },
        rules: [refuseServices, refuseOtherPorts, refuseRanges],
      },
    ],
    [
      "filter-output",
      {
        hook: { type: "filter", at: "output", priority: DNAT + 10 },
        rules: [refuseNodePorts, refuseServices, refuseOtherPorts, refuseRanges],
      },
    ],
    [
      chains.services,
      { rules: [`${destination} vmap @${maps.serviceIps}`, `${nodePort} vmap @${maps.serviceNodePorts}`] },
    ],
    [chains.mark, { rules: [`meta mark set meta mark or ${bit}`] }],
    [
      chains.masquerading,
      { rules: [`meta mark and ${bit} == 0 return`, `meta mark set meta mark xor ${bit}`, "masquerade fully-random"] },
    ],
    [chains.reject, { rules: ["reject"] }],
    // One rule for each: ranges may overlap, which a set would refuse.
    [chains.serviceRanges, { rules: serviceRanges.map((range) => `${ip} daddr ${range} reject`) }],
  ];
}

/** Ranges may hold addresses of others, which are only passing through. */
function nodePortMatch({ family }: ProxyConfig): string {
  return `fib daddr type local ${dialect(family).ip} daddr @${sets.nodePortIps}`;
}

/** The local addresses where node ports answer. */
export function nodePortIps(config: ProxyConfig): ReadonlySet<string> {
  const { nodePortAddresses, nodeAddress, localhostNodePorts, family } = config;
  const addresses = nodePortAddresses.length > 0 ? nodePortAddresses : [nodeAddress];
  return new Set([...addresses, ...(localhostNodePorts && family === "IPv4" ? ["127.0.0.1"] : [])]);
}

/** The key types of the maps. */
export function mapTypes(config: ProxyConfig): Readonly<Record<keyof typeof maps, string>> {
  const service = concat(dialect(config.family).type, "inet_proto", "inet_service");
  const nodePort = concat("inet_proto", "inet_service");
  return {
    serviceIps: service,
    serviceNodePorts: nodePort,
    noEndpointServices: service,
    noEndpointNodePorts: nodePort,
    firewallIps: service,
  };
}
