import { createLog, type Platform, standardErrorSink } from "../../base/index.ts";
import { destroyContainerd, removeCgroup, unmountBelow } from "../../cri/index.ts";
import { type Enter, enterCommand, Nft } from "../../network/index.ts";
import { removeProxyRules } from "../../proxy/index.ts";
import type { ClusterConfig, NodeConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { nodeNetwork, proxyTable, savedPodCidr } from "./node-network.ts";
import { openHost } from "./hosts.ts";
import { nodeCgroup } from "./ids.ts";
import { nodeContainerd } from "./node-runtime.ts";

/** Ends everything a node runs and takes back all it made in the kernel. Images stay unless `deleteData`. */
export async function destroyNode(
  platform: Platform,
  config: ClusterConfig,
  node: NodeConfig,
  deleteData: boolean,
): Promise<void> {
  const log = createLog({ clock: platform.clock, sink: standardErrorSink, level: "warn" });
  const paths = clusterPaths(config.directory).node(node.name);
  const host = node.place === "namespace" ? await openHost(platform, config, node) : undefined;
  // After a reboot, or a first down, there is nothing left to enter.
  const exists = host !== undefined && (await platform.processes.run(...entered(host.enter, "true"))).code === 0;
  const enter = exists ? host.enter : [];
  await destroyContainerd(
    { ...platform, log },
    {
      containerd: nodeContainerd(platform, config, node, enter),
      enter,
      cgroups: [nodeCgroup(config, node)],
      deleteData,
    },
  );
  if (host === undefined || exists) {
    const nft = new Nft({ ...platform, directory: `${paths.network}/nft`, enter });
    await removeProxyRules(nft, { family: "IPv4", table: proxyTable(config, node) });
    const podCidr = await savedPodCidr(platform, config, node);
    if (podCidr !== undefined) await nodeNetwork(platform, log, config, node, podCidr, enter).down();
  }
  await host?.remove();
  await removeCgroup(platform, nodeCgroup(config, node));
  // What pods left: volumes and logs are theirs, not the cluster's.
  await unmountBelow(platform.processes, paths.directory);
  for (const directory of [`${paths.kubelet}/pods`, paths.podLogs]) await platform.disk.remove(directory);
}

function entered(enter: Enter, command: string): [string, readonly string[]] {
  const [first, args] = enterCommand(enter, command);
  return [first, args];
}
