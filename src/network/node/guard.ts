import { guardTable, podBridge, serviceLink } from "../names.ts";
import { type Chain, emptyTable, type Hook, type Table } from "../nft/table.ts";

export interface GuardOptions {
  readonly id: string;
  readonly podCidr: string;
  /** All pods of all nodes. */
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  /** Links that lead to other nodes of the cluster. */
  readonly nodeLinks: readonly string[];
  /** Further ranges that pods may reach beyond this node, for example the nodes' own addresses. */
  readonly insideRanges: readonly string[];
  /** What becomes of traffic from pods to anywhere else. */
  readonly podEgress: "reject" | "masquerade";
}

/**
 * Keeps cluster traffic inside the cluster, whatever the routes say. It runs after the proxy's translation, so a
 * Service address that is still there has no endpoint: it is refused. Pod addresses leave only through the pod bridge
 * or a link to another node.
 */
export function guardRules(options: GuardOptions): Table {
  const { id, clusterCidr, podCidr, serviceCidr, podEgress } = options;
  const links = [podBridge(id), "lo", ...options.nodeLinks];
  const inside = [...new Set([clusterCidr, serviceCidr, ...options.insideRanges])];
  const refuseService = `ip daddr ${serviceCidr} reject`;
  const leaves = (allowed: readonly string[]) => `ip daddr ${clusterCidr} oifname != { ${quoted(allowed)} }`;
  const leaving = podEgress === "reject" ? [`ip saddr ${podCidr} ip daddr != @inside ct state new reject`] : [];
  const masquerading = podEgress === "masquerade" ? [`ip saddr ${podCidr} ip daddr != @inside masquerade`] : [];
  return {
    ...emptyTable("inet", guardTable(id)),
    comment: "cluster addresses stay in the cluster",
    sets: new Map([["inside", { type: "ipv4_addr", flags: ["interval"], elements: new Set(inside) }]]),
    chains: new Map<string, Chain>([
      [
        "output",
        // A translated packet still shows the link of the route to its Service here; "last" sees the real one.
        { hook: hook("filter", "output", 10), rules: [refuseService, `${leaves([...links, serviceLink(id)])} reject`] },
      ],
      [
        "forward",
        { hook: hook("filter", "forward", 10), rules: [refuseService, `${leaves(links)} reject`, ...leaving] },
      ],
      ["last", { hook: hook("filter", "postrouting", 300), rules: [`${leaves(links)} drop`] }],
      ["loopback", { hook: hook("filter", "prerouting", -300), rules: loopbackRules }],
      ["leave", { hook: hook("nat", "postrouting", 100), rules: masquerading }],
    ]),
  };
}

const hook = (type: Hook["type"], at: Hook["at"], priority: number): Hook => ({ type, at, priority });
const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");

/** Node ports on 127.0.0.1 need `route_localnet`, which would also let neighbours reach loopback addresses. */
const loopbackRules = ['iifname != "lo" ip daddr 127.0.0.0/8 drop', 'iifname != "lo" ip saddr 127.0.0.0/8 drop'];
