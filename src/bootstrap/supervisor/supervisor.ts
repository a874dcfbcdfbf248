import { type Command, createLog, type Platform, standardErrorSink } from "../../base/index.ts";
import { describeProcess, saveRecord } from "../../cri/index.ts";
import { type ClusterConfig, readClusterConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { createHosts, openHost } from "../compose/hosts.ts";
import { enterCommand } from "../../network/index.ts";
import { etcdName, ownEtcd } from "./own-etcd.ts";
import { type ComponentSpec, recordPath, superviseComponent } from "./component.ts";
import { selfCommand } from "./self.ts";

export const supervisorName = "supervisor";

/** Start order; stopped in reverse. */
export function componentNames(config: ClusterConfig): readonly string[] {
  return [
    ...(ownEtcd(config) === undefined ? [] : [etcdName]),
    "control-plane",
    ...config.nodes.map(({ name }) => `node-${name}`),
  ];
}

/** The components and how each is started; hosts of nodes must exist. */
async function componentSpecs(platform: Platform, config: ClusterConfig): Promise<readonly ComponentSpec[]> {
  const directory = ["--directory", config.directory];
  const etcd = ownEtcd(config);
  const specs: ComponentSpec[] = etcd === undefined ? [] : [etcd];
  specs.push({ name: "control-plane", start: selfCommand("control-plane", ...directory) });
  for (const node of config.nodes) {
    const self = selfCommand("node", ...directory, "--node", node.name);
    const enter = node.place === "namespace" ? (await openHost(platform, config, node)).enter : [];
    const [command, args] = enterCommand(enter, self.command, ...self.args);
    specs.push({ name: `node-${node.name}`, start: { command, args } });
  }
  return specs;
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
  await createHosts(platform, config);
  const specs = await componentSpecs(platform, config);
  await Promise.all(specs.map((spec) => superviseComponent(platform, log, spec, folders, signal)));
  await awake;
  await platform.disk.remove(recordPath(folders, supervisorName));
  return 0;
};
