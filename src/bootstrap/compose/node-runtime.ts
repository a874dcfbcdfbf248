import { createLog, type Platform, standardErrorSink } from "../../base/index.ts";
import { type Architecture, Containerd, PAUSE_IMAGE } from "../../cri/index.ts";
import type { Enter } from "../../network/index.ts";
import type { ClusterConfig, NodeConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";

/** The node's own containerd; nothing is started by asking for it. */
export function nodeContainerd(
  platform: Platform,
  config: ClusterConfig,
  node: NodeConfig,
  enter: Enter = [],
): Containerd {
  const paths = clusterPaths(config.directory).node(node.name);
  const log = createLog({ clock: platform.clock, sink: standardErrorSink, fields: { part: "containerd" } });
  return new Containerd(
    { ...platform, log },
    { directory: paths.containerd, sandboxImage: PAUSE_IMAGE, cniConfigDirectory: paths.cni, enter },
  );
}

export function machineArchitecture(): Architecture {
  return process.arch === "arm64" ? "arm64" : "amd64";
}
