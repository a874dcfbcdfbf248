import { createHash } from "node:crypto";
import type { ClusterConfig, NodeConfig } from "../cluster/config.ts";

/** Parts of the names of kernel objects: unique on the machine, ten characters. */
export function clusterId(config: ClusterConfig): string {
  return shortHash(config.directory);
}

export function networkId(config: ClusterConfig, node: NodeConfig): string {
  return shortHash(`${config.directory}/${node.name}`);
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 10);
}
