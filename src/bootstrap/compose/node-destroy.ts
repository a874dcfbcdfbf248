import { createLog, type Platform, standardErrorSink } from "../../base/index.ts";
import { destroyContainerd, unmountBelow } from "../../cri/index.ts";
import { Nft } from "../../network/index.ts";
import { removeProxyRules } from "../../proxy/index.ts";
import type { ClusterConfig, NodeConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { nodeNetwork, proxyTable, savedPodCidr } from "./node-network.ts";
import { cgroupRoot, nodeContainerd } from "./node-runtime.ts";

/** Ends everything a node runs and takes back all it made in the kernel. Images stay unless `deleteData`. */
export async function destroyNode(
  platform: Platform,
  config: ClusterConfig,
  node: NodeConfig,
  deleteData: boolean,
): Promise<void> {
  const log = createLog({ clock: platform.clock, sink: standardErrorSink, level: "warn" });
  const paths = clusterPaths(config.directory).node(node.name);
  await destroyContainerd(
    { ...platform, log },
    { containerd: nodeContainerd(platform, config, node), cgroups: [cgroupRoot(config, node)], deleteData },
  );
  const nft = new Nft({ ...platform, directory: `${paths.network}/nft`, enter: [] });
  await removeProxyRules(nft, { family: "IPv4", table: proxyTable(config, node) });
  const podCidr = await savedPodCidr(platform, config, node);
  if (podCidr !== undefined) await nodeNetwork(platform, log, config, node, podCidr).down();
  // What pods left: volumes and logs are theirs, not the cluster's.
  await unmountBelow(platform.processes, paths.directory);
  for (const directory of [`${paths.kubelet}/pods`, paths.podLogs]) await platform.disk.remove(directory);
}
