import { type Command, type CommandContext, type Log, type Runnable } from "../../base/index.ts";
import {
  type Client,
  createHttpClient,
  createServiceAccountClient,
  inClusterConfig,
  type KubeconfigCluster,
  type KubeconfigUser,
  LeaderElector,
  loadKubeconfig,
  resolveKubeconfig,
} from "../../client/index.ts";
import {
  createComponentLog,
  FlagError,
  HelpRequested,
  MetricsRegistry,
  parseFlags,
  renderHelp,
  restClientMetrics,
  startComponentServer,
  workQueueMetrics,
} from "../../component/index.ts";
import { controllerUserAgent, createControllerManager } from "../controller-manager.ts";
import { type ControllerManagerFlags, controllerManagerFlags, flagGroups } from "./flags.ts";
import { checkControllers, controllerConfig } from "./settings.ts";

/** `k8ts controller-manager`, with upstream's flags. */
export const controllerManagerCommand: Command = async (args, context) => {
  try {
    const { values, warnings } = parseFlags(controllerManagerFlags, args);
    if (values.help) throw new HelpRequested();
    checkControllers(values.controllers);
    for (const warning of warnings) context.stderr.write(`${warning}\n`);
    await run(values, context);
    return 0;
  } catch (error) {
    if (error instanceof HelpRequested) {
      const about =
        "The controllers of a cluster: loops that watch its state through the API server and bring it closer to what is wanted.";
      context.stdout.write(renderHelp({ command: "k8ts controller-manager", about, groups: flagGroups }));
      return 0;
    }
    if (!(error instanceof FlagError)) throw error;
    context.stderr.write(`Error: ${error.message}\n`);
    return 1;
  }
};

async function run(flags: ControllerManagerFlags, context: CommandContext): Promise<void> {
  const { platform, signal } = context;
  const log = createComponentLog("controller-manager", flags, platform.clock);
  const { cluster, user } = await connection(flags, context);
  const rateLimit = { qps: flags["kube-api-qps"], burst: flags["kube-api-burst"] };
  const { clock, disk, processes } = platform;
  const registry = new MetricsRegistry();
  const observer = restClientMetrics(registry);
  const client = createHttpClient({
    cluster,
    user,
    clock,
    disk,
    processes,
    userAgent: "kube-controller-manager/v1.36.0",
    rateLimit,
    observer,
  });
  // Renewing the lease must not wait behind the controllers' requests.
  const electing = createHttpClient({
    cluster,
    user,
    clock,
    disk,
    processes,
    userAgent: "kube-controller-manager/v1.36.0 leader-election",
    observer,
  });
  const server = await startComponentServer(platform, flags, registry, log);
  try {
    const config = await controllerConfig(disk, flags);
    const manager = createControllerManager({
      clientFor: clients(flags, client, cluster, context, rateLimit),
      clock,
      random: platform.random,
      log,
      enabled: flags.controllers,
      config,
      metrics: workQueueMetrics(registry),
    });
    await elected(flags, context, electing, log, manager).run(signal);
  } finally {
    await server?.close();
    client.close();
    electing.close();
  }
}

async function connection(
  flags: ControllerManagerFlags,
  { platform, env }: CommandContext,
): Promise<{ cluster: KubeconfigCluster; user: KubeconfigUser }> {
  if (flags.kubeconfig === "" && flags.master === "") return inClusterConfig(platform.disk, env);
  if (flags.kubeconfig === "") return { cluster: { server: flags.master }, user: {} };
  const { cluster, user } = resolveKubeconfig(await loadKubeconfig(platform.disk, [flags.kubeconfig]));
  return { cluster: flags.master === "" ? cluster : { ...cluster, server: flags.master }, user };
}

function clients(
  flags: ControllerManagerFlags,
  client: Client,
  cluster: KubeconfigCluster,
  { platform: { clock, disk } }: CommandContext,
  rateLimit: { readonly qps: number; readonly burst: number },
): (serviceAccount: string) => Client {
  if (!flags["use-service-account-credentials"]) return (name) => client.with({ userAgent: controllerUserAgent(name) });
  return (serviceAccount) =>
    serviceAccount === ""
      ? client
      : createServiceAccountClient({
          client,
          cluster,
          clock,
          disk,
          namespace: "kube-system",
          serviceAccount,
          rateLimit,
          userAgent: controllerUserAgent(serviceAccount),
        });
}

function elected(
  flags: ControllerManagerFlags,
  { platform }: CommandContext,
  client: Client,
  log: Log,
  manager: Runnable,
): Runnable {
  if (!flags["leader-elect"]) return manager;
  const { clock, random } = platform;
  return new LeaderElector({
    client,
    clock,
    random,
    log,
    namespace: flags["leader-elect-resource-namespace"],
    leaseName: flags["leader-elect-resource-name"],
    identity: `k8ts_${random.uuid()}`,
    leaseDurationMs: flags["leader-elect-lease-duration"],
    renewDeadlineMs: flags["leader-elect-renew-deadline"],
    retryPeriodMs: flags["leader-elect-retry-period"],
    lead: (signal) => manager.run(signal),
    onNewLeader: (identity) => log.info("New leader elected", { identity }),
  });
}
