import { messageOf, type Command } from "../../base/index.ts";
import { findRecorded } from "../../cri/index.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { recordPath } from "../supervisor/component.ts";
import { componentNames, supervisorName } from "../supervisor/supervisor.ts";
import { findCluster, runningSupervisor } from "./find.ts";
import { callerOf, clusterName, parse, text } from "./options.ts";
import { connect } from "./wait.ts";

/** Shows the processes of a cluster and whether its API server is ready. Exit code 1 when it is not up. */
export const status: Command = async (args, context) => {
  const { platform } = context;
  const { values } = parse(args, { name: { type: "string" } });
  const config = await findCluster(platform, callerOf(context), clusterName(text(values["name"])));
  const folders = clusterPaths(config.directory);
  const rows = [["COMPONENT", "PID", "STATE"]];
  for (const name of [supervisorName, ...componentNames(config)]) {
    const found = await findRecorded(platform.disk, recordPath(folders, name));
    rows.push([name, found === undefined ? "-" : String(found.pid), found === undefined ? "stopped" : "running"]);
  }
  const isUp = (await runningSupervisor(platform, config)) !== undefined;
  const api = isUp ? await apiState() : "stopped";
  context.stdout.write(
    `Cluster ${config.name} in ${config.directory}, API server https://127.0.0.1:${config.port}: ${api}\n`,
  );
  context.stdout.write(
    `${rows.map(([name = "", pid = "", state = ""]) => `${name.padEnd(28)}${pid.padEnd(10)}${state}`).join("\n")}\n`,
  );
  return api === "ready" ? 0 : 1;

  async function apiState(): Promise<string> {
    const { client, close } = await connect(platform, config);
    try {
      const response = await client.raw({ method: "GET", path: "/readyz" });
      return response.status === 200 ? "ready" : `not ready (${response.status})`;
    } catch (error) {
      return `unreachable (${messageOf(error)})`;
    } finally {
      close();
    }
  }
};
