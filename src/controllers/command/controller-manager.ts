import type { Command, CommandContext } from "../../base/index.ts";
import {
  connectionFrom,
  type Client,
  createHttpClient,
  createServiceAccountClient,
  type KubeconfigCluster,
  type LeaderElector,
} from "../../client/index.ts";
import {
  addProcessMetrics,
  componentCommand,
  leaderElectorOf,
  createComponentLog,
  Features,
  HealthChecks,
  HelpRequested,
  leaseToleranceMs,
  MetricsRegistry,
  parseFlags,
  restClientMetrics,
  startComponentServer,
  workQueueMetrics,
} from "../../component/index.ts";
import { controllerUserAgent, createControllerManager } from "../controller-manager.ts";
import { controllerManagerConfigz } from "./configz.ts";
import { type ControllerManagerFlags, controllerManagerFlags, flagGroups } from "./flags.ts";
import { checkControllers, controllerConfig } from "./settings.ts";

const help = {
  command: "k8ts controller-manager",
  about:
    "The controllers of a cluster: loops that watch its state through the API server and bring it closer to what is wanted.",
  groups: flagGroups,
};

/** `k8ts controller-manager`, with upstream's flags. */
export const controllerManagerCommand: Command = (args, context) =>
  componentCommand(help, context, async () => {
    const { values, warnings } = parseFlags(controllerManagerFlags, args);
    if (values.help) throw new HelpRequested();
    checkControllers(values.controllers);
    for (const warning of warnings) context.stderr.write(`${warning}\n`);
    await run(values, context);
  });

async function run(flags: ControllerManagerFlags, context: CommandContext): Promise<void> {
  const { platform, signal } = context;
  const features = Features.parse(flags["feature-gates"]);
  const log = createComponentLog("controller-manager", flags, platform.clock);
  const { cluster, user } = await connectionFrom(platform.disk, context.env, flags);
  const rateLimit = { qps: flags["kube-api-qps"], burst: flags["kube-api-burst"] };
  const { clock, disk, processes } = platform;
  const registry = new MetricsRegistry();
  features.report(registry);
  addProcessMetrics(registry, clock);
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
  try {
    const config = await controllerConfig(disk, flags, (gate) => features.enabled(gate));
    const running: string[] = [];
    const manager = createControllerManager({
      clientFor: clients(flags, client, cluster, context, rateLimit),
      clock,
      random: platform.random,
      log,
      enabled: flags.controllers,
      config,
      metrics: workQueueMetrics(registry),
      registry,
      onController: (name) => running.push(name),
    });
    const lead = (ending: AbortSignal): Promise<void> => manager.run(ending);
    const elector = flags["leader-elect"]
      ? leaderElectorOf(flags, { ...platform, log, client: electing, lead })
      : undefined;
    const server = await startComponentServer(platform, {
      component: "kube-controller-manager",
      definitions: controllerManagerFlags,
      env: context.env,
      health: [healthOf(elector, running)],
      configuration: () => controllerManagerConfigz(flags),
      ...{ flags, features, registry, observer, log },
    });
    try {
      await (elector ?? manager).run(signal);
    } finally {
      await server?.close();
    }
  } finally {
    client.close();
    electing.close();
  }
}

/** Upstream's checks of a controller manager: its lease, and one for each controller. */
function healthOf(elector: LeaderElector | undefined, controllers: readonly string[]): HealthChecks {
  const health = new HealthChecks("healthz");
  if (elector !== undefined) health.add("leaderElection", () => elector.check(leaseToleranceMs));
  for (const name of controllers) health.add(name, () => {});
  return health;
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
