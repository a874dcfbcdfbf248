export interface BridgeConfig {
  readonly bridge: string;
  readonly podCidr: string;
  /** Where host-local keeps its allocations, one file for each address. */
  readonly ipamDirectory: string;
  /** Default: the kernel's (1500 on a new bridge). */
  readonly mtu?: number;
}

/** The network's name, also the name of its folder below the IPAM directory. */
export const CNI_NETWORK_NAME = "k8ts";

/**
 * The CNI network list for one node: a bridge that is the pods' gateway, addresses from the node's pod range, host
 * ports. Pods are not masqueraded here: the node decides what may leave. Hairpin lets a pod reach itself through its
 * Service.
 */
export function bridgeConfigList({ bridge, podCidr, ipamDirectory, mtu }: BridgeConfig): object {
  return {
    cniVersion: "0.4.0",
    name: CNI_NETWORK_NAME,
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        forceAddress: true,
        ipMasq: false,
        hairpinMode: true,
        ...(mtu === undefined ? {} : { mtu }),
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: podCidr }]],
          routes: [{ dst: "0.0.0.0/0" }],
          dataDir: ipamDirectory,
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}
