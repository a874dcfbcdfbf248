import { messageOf, type Command, type CommandContext, type Platform } from "../../base/index.ts";
import type { ClusterConfig } from "../cluster/config.ts";
import { readClusterConfig, writeClusterConfig } from "../cluster/config.ts";
import { ClusterIndex } from "../cluster/index-file.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { writeIdentities } from "../kubeconfig/identities.ts";
import { type Access, mergeIntoUserFile, userKubeconfigPath } from "../kubeconfig/kubeconfig.ts";
import { ensurePki } from "../pki/create.ts";
import { logPath } from "../supervisor/component.ts";
import { selfCommand } from "../supervisor/self.ts";
import { supervisorName } from "../supervisor/supervisor.ts";
import { alone } from "./alone.ts";
import { runningSupervisor } from "./find.ts";
import { greeting } from "./greeting.ts";
import { type Caller, callerOf, parseUp, type UpOptions } from "./options.ts";
import { resolveCluster } from "./resolve.ts";
import { upHelp } from "./up-help.ts";
import { connect, waitForApi, waitForNodes } from "./wait.ts";

/** Many times what they take: a machine that is slow has not failed. */
const supervisorTimeoutMs = 60_000;
const apiTimeoutMs = 180_000;
const nodesTimeoutMs = 300_000;

/** Makes a cluster, or starts it again, and returns when it is Ready. A cluster that is up is left alone. */
export const up: Command = async (args, context) => {
  const { platform } = context;
  if (args.includes("--help") || args.includes("-h")) {
    say(context, upHelp().trimEnd());
    return 0;
  }
  const startedMs = platform.clock.monotonic();
  const caller = callerOf(context);
  const options = parseUp(args, context);
  const { config, isUp } = await alone(platform, `clusters of ${caller.dataHome}`, () =>
    settle(context, caller, options),
  );
  if (isUp) {
    await refuseOtherFlags(platform, config);
    await waitUntilReady(platform, config);
    say(context, `Cluster ${config.name} is already up.`);
    return 0;
  }
  await startSupervisor(platform, config);
  await waitUntilReady(platform, config);
  const seconds = ((platform.clock.monotonic() - startedMs) / 1000).toFixed(1);
  say(context, greeting(config, caller.isRoot, seconds));
  return options.foreground ? stayUntilStopped(context, options) : 0;
};

/** What the cluster is, kept where the next `up` sees it. */
async function settle(
  { platform, env }: CommandContext,
  caller: Caller,
  options: UpOptions,
): Promise<{ readonly config: ClusterConfig; readonly isUp: boolean }> {
  const config = await resolveCluster(platform, caller, options);
  if ((await runningSupervisor(platform, config)) !== undefined) return { config, isUp: true };
  const access = await prepare(platform, caller, config);
  await mergeIntoUserFile(platform.disk, userKubeconfigPath(env, caller.home), access);
  return { config, isUp: false };
}

/** A server that runs cannot take flags any more. */
async function refuseOtherFlags({ disk }: Platform, { name, directory, apiserverFlags = [] }: ClusterConfig) {
  const running = (await readClusterConfig(disk, directory))?.apiserverFlags ?? [];
  if (apiserverFlags.join("\n") === running.join("\n")) return;
  throw new Error(`cluster ${name} is up with other flags of its API server; run down first to change them`);
}

async function prepare(platform: Platform, caller: Caller, config: ClusterConfig): Promise<Access> {
  const paths = clusterPaths(config.directory);
  for (const directory of [paths.directory, paths.logs, paths.run]) {
    await platform.disk.makeDirectory(directory, { mode: 0o700 });
  }
  const pki = await ensurePki(platform, config);
  const access = await writeIdentities(platform.disk, config, pki);
  await writeClusterConfig(platform.disk, config);
  await new ClusterIndex(platform.disk, caller.dataHome).add(config.name, config.directory);
  return access;
}

async function startSupervisor(platform: Platform, config: ClusterConfig): Promise<void> {
  const { command, args } = selfCommand(supervisorName, "--directory", config.directory);
  const file = logPath(clusterPaths(config.directory), supervisorName);
  const child = platform.processes.spawn(command, args, { detached: true, stdoutFile: file, stderrFile: file });
  const deadline = platform.clock.monotonic() + supervisorTimeoutMs;
  while ((await runningSupervisor(platform, config)) === undefined) {
    if (!platform.processes.alive(child.pid) || platform.clock.monotonic() > deadline) {
      throw new Error(`the supervisor did not start; ${file} says why`);
    }
    await platform.clock.sleep(10);
  }
}

async function waitUntilReady(platform: Platform, config: ClusterConfig): Promise<void> {
  const connection = await connect(platform, config);
  let alive = true;
  const check = async () => {
    alive = (await runningSupervisor(platform, config)) !== undefined;
    return alive;
  };
  try {
    await check();
    await waitForApi(platform, connection.client, apiTimeoutMs, () => alive);
    const names = config.nodes.map((node) => node.name);
    await waitForNodes(platform, connection.client, names, nodesTimeoutMs, () => alive);
  } catch (error) {
    throw new Error(`${messageOf(error)}; the logs are in ${clusterPaths(config.directory).logs}`, { cause: error });
  } finally {
    connection.close();
  }
}

async function stayUntilStopped(context: CommandContext, options: UpOptions): Promise<number> {
  const { down } = await import("./down.ts");
  await context.platform.clock.sleep(2 ** 31 - 1, context.signal).catch(() => undefined);
  return down(["--name", options.name], context);
}

function say(context: CommandContext, text: string): void {
  context.stdout.write(`${text}\n`);
}
