import { clientConnectionDocument, leaderElectionDocument } from "../../component/index.ts";
import type { Profile } from "../framework/profile.ts";
import { defaultQueueLimits } from "../queue/scheduling-queue.ts";
import type { SchedulerConfiguration } from "./configuration.ts";
import type { SchedulerFlags } from "./flags.ts";

/** What `/configz` shows: the configuration that the scheduler runs with, under upstream's key. */
export function schedulerConfigz(
  flags: SchedulerFlags,
  configuration: SchedulerConfiguration | undefined,
  { schedulerName, plugins, weights, percentageOfNodesToScore }: Profile,
) {
  const enabled = plugins.map(({ name }) => ({ name, weight: weights[name] ?? 0 }));
  const [initial, max] = [defaultQueueLimits.initialBackoffMs, defaultQueueLimits.maxBackoffMs];
  const componentconfig = {
    kind: "KubeSchedulerConfiguration",
    apiVersion: "kubescheduler.config.k8s.io/v1",
    leaderElection: {
      ...leaderElectionDocument(flags),
      leaderElect: configuration?.leaderElect ?? flags["leader-elect"],
    },
    clientConnection: clientConnectionDocument(flags.kubeconfig || (configuration?.kubeconfig ?? ""), flags),
    enableProfiling: false,
    percentageOfNodesToScore,
    podInitialBackoffSeconds: initial / 1_000,
    podMaxBackoffSeconds: max / 1_000,
    profiles: [{ schedulerName, plugins: { multiPoint: { enabled } } }],
  };
  return { componentconfig };
}
