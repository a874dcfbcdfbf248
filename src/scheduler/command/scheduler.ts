import { hostname } from "node:os";
import type { Command, CommandContext, Log, Runnable } from "../../base/index.ts";
import {
  type Client,
  createHttpClient,
  inClusterConfig,
  LeaderElector,
  loadKubeconfig,
  resolveKubeconfig,
  SeriesBroadcaster,
  SharedInformerFactory,
} from "../../client/index.ts";
import {
  addProcessMetrics,
  createComponentLog,
  FlagError,
  HelpRequested,
  MetricsRegistry,
  parseFlags,
  renderHelp,
  restClientMetrics,
  startComponentServer,
} from "../../component/index.ts";
import { schedulerMetrics } from "../metrics.ts";
import { Scheduler } from "../scheduler.ts";
import { readSchedulerConfiguration, type SchedulerConfiguration } from "./configuration.ts";
import { flagGroups, type SchedulerFlags, schedulerFlags } from "./flags.ts";

const about = "Decides on which node each pod runs, and binds it there.";

/** `k8ts scheduler`, with upstream's flags. */
export const schedulerCommand: Command = async (args, context) => {
  try {
    const { values, warnings } = parseFlags(schedulerFlags, args);
    if (values.help) throw new HelpRequested();
    for (const warning of warnings) context.stderr.write(`${warning}\n`);
    await run(values, context);
    return 0;
  } catch (error) {
    if (error instanceof HelpRequested) {
      context.stdout.write(renderHelp({ command: "k8ts scheduler", about, groups: flagGroups }));
      return 0;
    }
    if (!(error instanceof FlagError)) throw error;
    context.stderr.write(`Error: ${error.message}\n`);
    return 1;
  }
};

async function run(flags: SchedulerFlags, context: CommandContext): Promise<void> {
  const { clock, disk, random } = context.platform;
  const log = createComponentLog("scheduler", flags, clock);
  const configuration = flags.config === "" ? undefined : await readSchedulerConfiguration(disk, flags.config);
  const registry = new MetricsRegistry();
  addProcessMetrics(registry, clock);
  const observer = restClientMetrics(registry);
  const client = await connect(flags, configuration, context, "kube-scheduler", observer);
  const electing = await connect(flags, configuration, context, "kube-scheduler leader-election", observer);
  const server = await startComponentServer(context.platform, flags, registry, log);
  const informers = new SharedInformerFactory({ client, clock, random, log });
  const broadcaster = new SeriesBroadcaster({
    client,
    clock,
    log,
    reportingInstance: `default-scheduler-${hostname()}`,
  });
  const schedulerName = configuration?.schedulerName ?? "default-scheduler";
  const scheduler = new Scheduler({
    client,
    informers,
    events: broadcaster.recorder(schedulerName),
    clock,
    random,
    log,
    schedulerName,
    percentageOfNodesToScore: configuration?.percentageOfNodesToScore ?? 0,
    metrics: schedulerMetrics(registry, schedulerName),
  });
  const parts: readonly Runnable[] = [
    { name: "informers", run: (signal) => informers.run(signal) },
    broadcaster,
    scheduler,
  ];
  const lead = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(parts.map((part) => part.run(signal)));
  };
  try {
    if (!(configuration?.leaderElect ?? flags["leader-elect"])) await lead(context.signal);
    else await elector(flags, context, electing, log, lead).run(context.signal);
  } finally {
    await server?.close();
    client.close();
    electing.close();
  }
}

function elector(
  flags: SchedulerFlags,
  { platform }: CommandContext,
  client: Client,
  log: Log,
  lead: (signal: AbortSignal) => Promise<void>,
): LeaderElector {
  const { clock, random } = platform;
  return new LeaderElector({
    client,
    clock,
    random,
    log,
    lead,
    namespace: flags["leader-elect-resource-namespace"],
    leaseName: flags["leader-elect-resource-name"],
    identity: `${hostname()}_${random.uuid()}`,
    leaseDurationMs: flags["leader-elect-lease-duration"],
    renewDeadlineMs: flags["leader-elect-renew-deadline"],
    retryPeriodMs: flags["leader-elect-retry-period"],
  });
}

async function connect(
  flags: SchedulerFlags,
  configuration: SchedulerConfiguration | undefined,
  { platform, env }: CommandContext,
  userAgent: string,
  observer: ReturnType<typeof restClientMetrics>,
) {
  const { clock, disk, processes } = platform;
  const path = flags.kubeconfig || configuration?.kubeconfig || "";
  const rateLimit = { qps: flags["kube-api-qps"], burst: flags["kube-api-burst"] };
  const found = path === "" ? await inClusterConfig(disk, env) : resolveKubeconfig(await loadKubeconfig(disk, [path]));
  const cluster = flags.master === "" ? found.cluster : { ...found.cluster, server: flags.master };
  return createHttpClient({ cluster, user: found.user, clock, disk, processes, userAgent, rateLimit, observer });
}
