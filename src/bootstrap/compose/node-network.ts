import { isPlatformError, type Log, type Platform } from "../../base/index.ts";
import { type Enter, NodeNetwork } from "../../network/index.ts";
import type { ClusterConfig, NodeConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { networkId } from "./ids.ts";

/** The table with the rules for Services. */
export function proxyTable(config: ClusterConfig, node: NodeConfig): string {
  return `k8ts-${networkId(config, node)}`;
}

export function nodeNetwork(
  platform: Platform,
  log: Log,
  config: ClusterConfig,
  node: NodeConfig,
  podCidr: string,
  enter: Enter = [],
): NodeNetwork {
  return new NodeNetwork(
    { ...platform, log },
    {
      id: networkId(config, node),
      directory: clusterPaths(config.directory).node(node.name).network,
      nodeAddress: node.address,
      podCidr,
      clusterCidr: config.clusterCidr,
      serviceCidr: config.serviceCidr,
      ...(config.nodeSubnet === undefined ? {} : { nodeLinks: ["eth0"], insideRanges: [config.nodeSubnet] }),
      enter,
    },
  );
}

const rangeFile = (config: ClusterConfig, node: NodeConfig): string =>
  `${clusterPaths(config.directory).node(node.name).directory}/pod-cidr`;

/** Kept, so that a start before the API server answers, and `down`, know the range. */
export async function savePodCidr(
  platform: Platform,
  config: ClusterConfig,
  node: NodeConfig,
  podCidr: string,
): Promise<void> {
  await platform.disk.write(rangeFile(config, node), `${podCidr}\n`);
}

export async function savedPodCidr(
  platform: Platform,
  config: ClusterConfig,
  node: NodeConfig,
): Promise<string | undefined> {
  try {
    return (await platform.disk.readText(rangeFile(config, node))).trim();
  } catch (error) {
    if (isPlatformError(error, "ENOENT")) return undefined;
    throw error;
  }
}
