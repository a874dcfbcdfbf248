import type { Platform } from "../../base/index.ts";
import { findRecorded, type ProcessRecord } from "../../cri/index.ts";
import { type ClusterConfig, readClusterConfig } from "../cluster/config.ts";
import { ClusterIndex } from "../cluster/index-file.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { recordPath } from "../supervisor/component.ts";
import { supervisorName } from "../supervisor/supervisor.ts";
import type { Caller } from "./options.ts";

/** A cluster by its name; throws a sentence that lists the known ones. */
export async function findCluster(platform: Platform, caller: Caller, name: string): Promise<ClusterConfig> {
  const index = new ClusterIndex(platform.disk, caller.dataHome);
  const directory = await index.find(name);
  const config = directory === undefined ? undefined : await readClusterConfig(platform.disk, directory);
  if (config !== undefined) return config;
  const names = await index.names();
  const known = names.length === 0 ? "there is none yet" : `there are: ${names.join(", ")}`;
  throw new Error(`no cluster is named ${JSON.stringify(name)}; ${known}`);
}

export function runningSupervisor(platform: Platform, config: ClusterConfig): Promise<ProcessRecord | undefined> {
  return findRecorded(platform.disk, recordPath(clusterPaths(config.directory), supervisorName));
}
