import { guardTable, podBridge } from "../names.ts";
import { emptyTable, type Table } from "../nft/table.ts";

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
  const { clusterCidr, podCidr, serviceCidr, podEgress } = options;
  const links = [podBridge(options.id), "lo", ...options.nodeLinks].map((link) => `"${link}"`).join(", ");
  const inside = [...new Set([clusterCidr, serviceCidr, ...options.insideRanges])];
  const unroutable = [
    `ip daddr ${serviceCidr} reject`,
    `ip daddr ${clusterCidr} oifname != { ${links} } reject`,
    `ip saddr ${podCidr} ip daddr @inside accept`,
  ];
  const leaving = podEgress === "reject" ? [`ip saddr ${podCidr} ip daddr != @inside ct state new reject`] : [];
  const masquerading = podEgress === "masquerade" ? [`ip saddr ${podCidr} ip daddr != @inside masquerade`] : [];
  return {
    ...emptyTable("inet", guardTable(options.id)),
    comment: "cluster addresses stay in the cluster",
    sets: new Map([["inside", { type: "ipv4_addr", flags: ["interval"], elements: new Set(inside) }]]),
    chains: new Map([
      ["output", { hook: { type: "filter", at: "output", priority: 10 }, rules: unroutable.slice(0, 2) }],
      ["forward", { hook: { type: "filter", at: "forward", priority: 10 }, rules: [...unroutable, ...leaving] }],
      ["loopback", { hook: { type: "filter", at: "prerouting", priority: -300 }, rules: loopbackRules }],
      ["leave", { hook: { type: "nat", at: "postrouting", priority: 100 }, rules: masquerading }],
    ]),
  };
}

/** Node ports on 127.0.0.1 need `route_localnet`, which would also let neighbours reach loopback addresses. */
const loopbackRules = ['iifname != "lo" ip daddr 127.0.0.0/8 drop', 'iifname != "lo" ip saddr 127.0.0.0/8 drop'];
