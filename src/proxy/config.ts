/** What the rules depend on besides the API's objects. Names and defaults are kube-proxy's. */
export interface ProxyConfig {
  readonly nodeName: string;
  /** The node's primary address of the table's family: node ports answer on it. */
  readonly nodeAddress: string;
  readonly family: "IPv4" | "IPv6";
  /** nftables table name. Upstream's is `kube-proxy`; several clusters in one network namespace need different ones. */
  readonly table: string;
  /** `--cluster-cidr`: traffic to cluster IPs from elsewhere is masqueraded. Without it none is. */
  readonly clusterCidr?: string;
  /** `--detect-local-mode` by link: what comes in here is from pods. A name, or a prefix that ends in `*`. */
  readonly podInterface?: string;
  /** `--masquerade-all`: all traffic to cluster IPs is masqueraded. */
  readonly masqueradeAll: boolean;
  /** `--iptables-masquerade-bit`: the bit of the packet mark that asks for it. */
  readonly masqueradeBit: number;
  /** `--nodeport-addresses`: ranges of local addresses where node ports answer; empty means the primary one only. */
  readonly nodePortAddresses: readonly string[];
  /** `--iptables-localhost-nodeports`: node ports answer on 127.0.0.1 as well. IPv4 only. */
  readonly localhostNodePorts: boolean;
}

export const defaultProxyConfig = {
  family: "IPv4",
  table: "kube-proxy",
  masqueradeAll: false,
  masqueradeBit: 14,
  nodePortAddresses: [],
  localhostNodePorts: true,
} as const satisfies Partial<ProxyConfig>;
