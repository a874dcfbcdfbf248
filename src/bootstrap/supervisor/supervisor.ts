import { type Command, createLog, standardErrorSink } from "../../base/index.ts";
import { describeProcess, saveRecord } from "../../cri/index.ts";
import { type ClusterConfig, readClusterConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { type ComponentSpec, recordPath, superviseComponent } from "./component.ts";
import { selfCommand } from "./self.ts";

export const supervisorName = "supervisor";

/** Start order; stopped in reverse. */
export function componentSpecs(config: ClusterConfig): readonly ComponentSpec[] {
  const directory = ["--directory", config.directory];
  return [
    { name: "control-plane", start: selfCommand("control-plane", ...directory) },
    ...config.nodes.map((node) => ({
      name: `node-${node.name}`,
      start: selfCommand("node", ...directory, "--node", node.name),
    })),
  ];
}

/** `k8ts supervisor --directory DIR`: keeps the processes of a cluster running until SIGTERM. `up` starts it. */
export const supervisor: Command = async (args, { platform, signal }) => {
  const directory = args[args.indexOf("--directory") + 1] ?? "";
  const config = await readClusterConfig(platform.disk, directory);
  if (config === undefined) throw new Error(`${directory} holds no cluster`);
  const folders = clusterPaths(directory);
  const log = createLog({ clock: platform.clock, sink: standardErrorSink });
  const self = await describeProcess(platform.disk, process.pid);
  if (self !== undefined) await saveRecord(platform.disk, recordPath(folders, supervisorName), self);
  // Detached children do not keep this process alive; this does.
  const awake = platform.clock.sleep(2 ** 31 - 1, signal).catch(() => undefined);
  await Promise.all(componentSpecs(config).map((spec) => superviseComponent(platform, log, spec, folders, signal)));
  await awake;
  await platform.disk.remove(recordPath(folders, supervisorName));
  return 0;
};
