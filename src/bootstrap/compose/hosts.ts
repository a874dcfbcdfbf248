import type { Platform } from "../../base/index.ts";
import { NodeBridge, TestHost } from "../../network/index.ts";
import type { ClusterConfig, NodeConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { clusterId, nodeCgroup } from "./ids.ts";

/** The wire between nodes in namespaces; `undefined` where the only node is this machine. */
export function nodeBridgeOf(platform: Platform, config: ClusterConfig): NodeBridge | undefined {
  const { nodeSubnet: subnet, clusterCidr, serviceCidr } = config;
  if (subnet === undefined) return undefined;
  return new NodeBridge(platform.processes, {
    id: clusterId(config),
    subnet,
    insideRanges: [clusterCidr, serviceCidr],
  });
}

/** The machine inside this machine that a node lives in, whether it exists yet or not. */
export function openHost(platform: Platform, config: ClusterConfig, node: NodeConfig): Promise<TestHost> {
  return TestHost.open(platform, {
    id: clusterId(config),
    number: node.number,
    hostname: node.name,
    directory: clusterPaths(config.directory).node(node.name).directory,
    address: node.address,
    subnet: config.nodeSubnet ?? "",
    cgroup: nodeCgroup(config, node),
  });
}

/** Makes the wire and the hosts; those that exist stay as they are. */
export async function createHosts(platform: Platform, config: ClusterConfig): Promise<void> {
  const bridge = nodeBridgeOf(platform, config);
  if (bridge === undefined) return;
  await bridge.up();
  for (const node of config.nodes) {
    await platform.disk.makeDirectory(clusterPaths(config.directory).node(node.name).directory);
    await (await openHost(platform, config, node)).create();
  }
}

/** The wire goes last, after its hosts. */
export async function removeHosts(platform: Platform, config: ClusterConfig): Promise<void> {
  await nodeBridgeOf(platform, config)?.down(config.clusterCidr);
}
