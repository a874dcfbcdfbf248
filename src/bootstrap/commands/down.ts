import type { Command, Platform } from "../../base/index.ts";
import { type ClusterConfig, readClusterConfig } from "../cluster/config.ts";
import { ClusterIndex } from "../cluster/index-file.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { unmountBelow } from "../../cri/index.ts";
import { removeHosts } from "../compose/hosts.ts";
import { destroyNode } from "../compose/node-destroy.ts";
import { removeFromUserFile, userKubeconfigPath } from "../kubeconfig/kubeconfig.ts";
import { stopRecorded } from "../supervisor/component.ts";
import { componentNames, supervisorName } from "../supervisor/supervisor.ts";
import { findCluster } from "./find.ts";
import { type Caller, callerOf, clusterName, parse, text } from "./options.ts";

/** Stops a cluster and everything that it runs. Its data stays for the next `up`, unless `--delete`. */
export const down: Command = async (args, context) => {
  const { platform } = context;
  const { values } = parse(args, { name: { type: "string" }, delete: { type: "boolean" } });
  const caller = callerOf(context);
  const name = clusterName(text(values["name"]));
  const deleteData = values["delete"] === true;
  if (deleteData && (await forgetRemains(platform, caller, name))) {
    context.stdout.write(`Cluster ${name} is deleted.\n`);
    return 0;
  }
  const config = await findCluster(platform, caller, name);
  await stopProcesses(platform, config);
  for (const node of config.nodes) await destroyNode(platform, config, node, deleteData);
  await removeHosts(platform, config);
  if (deleteData) {
    await platform.disk.remove(config.directory);
    await new ClusterIndex(platform.disk, caller.dataHome).remove(config.name);
    await removeFromUserFile(platform.disk, userKubeconfigPath(context.env, caller.home), `k8ts-${config.name}`);
  }
  context.stdout.write(`Cluster ${config.name} is ${deleteData ? "deleted" : "stopped; ./k8ts up starts it again"}.\n`);
  return 0;
};

/** A name whose data is gone, as after an interrupted delete: only the name is left to remove. */
async function forgetRemains(platform: Platform, caller: Caller, name: string): Promise<boolean> {
  const index = new ClusterIndex(platform.disk, caller.dataHome);
  const directory = await index.find(name);
  if (directory === undefined || (await readClusterConfig(platform.disk, directory)) !== undefined) return false;
  await unmountBelow(platform.processes, directory);
  await platform.disk.remove(directory);
  await index.remove(name);
  return true;
}

/** The supervisor first, so that nothing is started again; then what a crashed one may have left. */
async function stopProcesses(platform: Platform, config: ClusterConfig): Promise<void> {
  const folders = clusterPaths(config.directory);
  await stopRecorded(platform, folders, supervisorName);
  await Promise.all(componentNames(config).map((name) => stopRecorded(platform, folders, name)));
}
