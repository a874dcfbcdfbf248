import { createHash } from "node:crypto";
import type { ClusterConfig, NodeConfig } from "../cluster/config.ts";

/** Parts of the names of kernel objects: unique on the machine, ten characters. */
export function clusterId(config: ClusterConfig): string {
  return shortHash(config.directory);
}

export function networkId(config: ClusterConfig, node: NodeConfig): string {
  return shortHash(`${config.directory}/${node.name}`);
}

/** Below it lie all cgroups of the node, as this machine sees them. */
export function nodeCgroup(config: ClusterConfig, node: NodeConfig): string {
  return `/k8ts-${config.name}-${node.name}`;
}

/** The same as the node itself sees it: a node in namespaces has a tree of its own. */
export function cgroupRoot(config: ClusterConfig, node: NodeConfig): string {
  return node.place === "namespace" ? "/" : nodeCgroup(config, node);
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}
