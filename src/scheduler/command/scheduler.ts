import { hostname } from "node:os";
import type { Command, CommandContext, Runnable } from "../../base/index.ts";
import {
  connectionFrom,
  createHttpClient,
  informerOf,
  kinds,
  type LeaderElector,
  SeriesBroadcaster,
  SharedInformerFactory,
} from "../../client/index.ts";
import {
  componentCommand,
  leaderElectorOf,
  addProcessMetrics,
  createComponentLog,
  Features,
  HealthChecks,
  HelpRequested,
  leaseToleranceMs,
  MetricsRegistry,
  parseFlags,
  restClientMetrics,
  startComponentServer,
} from "../../component/index.ts";
import { schedulerConfigz } from "./configz.ts";
import { podResourceMetrics } from "../resource-metrics.ts";
import { schedulerMetrics } from "../metrics.ts";
import { Scheduler } from "../scheduler.ts";
import { readSchedulerConfiguration, type SchedulerConfiguration } from "./configuration.ts";
import { flagGroups, type SchedulerFlags, schedulerFlags } from "./flags.ts";

const help = {
  command: "k8ts scheduler",
  about: "Decides on which node each pod runs, and binds it there.",
  groups: flagGroups,
};

/** `k8ts scheduler`, with upstream's flags. */
export const schedulerCommand: Command = (args, context) =>
  componentCommand(help, context, async () => {
    const { values, warnings } = parseFlags(schedulerFlags, args);
    if (values.help) throw new HelpRequested();
    for (const warning of warnings) context.stderr.write(`${warning}\n`);
    await run(values, context);
  });

async function run(flags: SchedulerFlags, context: CommandContext): Promise<void> {
  const { clock, disk, random } = context.platform;
  const log = createComponentLog("scheduler", flags, clock);
  const configuration = flags.config === "" ? undefined : await readSchedulerConfiguration(disk, flags.config);
  const registry = new MetricsRegistry();
  const features = Features.parse(flags["feature-gates"]);
  features.report(registry);
  addProcessMetrics(registry, clock);
  const observer = restClientMetrics(registry);
  const client = await connect(flags, configuration, context, "kube-scheduler", observer);
  const electing = await connect(flags, configuration, context, "kube-scheduler leader-election", observer);
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
  const pods = informerOf(informers, kinds.pods);
  let leading = false;
  const lead = async (signal: AbortSignal): Promise<void> => {
    leading = true;
    await Promise.all(parts.map((part) => part.run(signal)));
  };
  const elects = configuration?.leaderElect ?? flags["leader-elect"];
  const elector = elects ? leaderElectorOf(flags, { clock, random, log, client: electing, lead }) : undefined;
  try {
    const server = await startComponentServer(context.platform, {
      component: "kube-scheduler",
      definitions: schedulerFlags,
      env: context.env,
      health: healthOf(elector, () => !leading || informers.hasSynced, context.signal),
      otherMetrics: { "/metrics/resources": podResourceMetrics(() => (leading ? pods.lister.list() : [])) },
      configuration: () => schedulerConfigz(flags, configuration, scheduler.profile),
      ...{ flags, features, registry, observer, log },
    });
    try {
      await (elector?.run(context.signal) ?? lead(context.signal));
    } finally {
      await server?.close();
    }
  } finally {
    client.close();
    electing.close();
  }
}

/** Upstream's checks of a scheduler. One that does not lead has nothing to wait for. */
function healthOf(elector: LeaderElector | undefined, hasSynced: () => boolean, signal: AbortSignal) {
  const health = new HealthChecks("healthz");
  const ready = new HealthChecks("readyz");
  if (elector !== undefined) {
    for (const checks of [health, ready]) checks.add("leaderElection", () => elector.check(leaseToleranceMs));
  }
  ready.add("shutdown", () => {
    if (signal.aborted) throw new Error("process is shutting down");
  });
  ready.add("sched-handler-sync", () => {
    if (!hasSynced()) throw new Error("handlers are not fully synchronized");
  });
  return [health, new HealthChecks("livez"), ready];
}

async function connect(
  flags: SchedulerFlags,
  configuration: SchedulerConfiguration | undefined,
  { platform, env }: CommandContext,
  userAgent: string,
  observer: ReturnType<typeof restClientMetrics>,
) {
  const { clock, disk, processes } = platform;
  const kubeconfig = flags.kubeconfig || configuration?.kubeconfig || "";
  const rateLimit = { qps: flags["kube-api-qps"], burst: flags["kube-api-burst"] };
  const { cluster, user } = await connectionFrom(disk, env, { kubeconfig, master: flags.master });
  return createHttpClient({ cluster, user, clock, disk, processes, userAgent, rateLimit, observer });
}
