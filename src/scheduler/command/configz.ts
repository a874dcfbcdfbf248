import { formatDuration } from "../../component/index.ts";
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
      leaderElect: configuration?.leaderElect ?? flags["leader-elect"],
      leaseDuration: formatDuration(flags["leader-elect-lease-duration"]),
      renewDeadline: formatDuration(flags["leader-elect-renew-deadline"]),
      retryPeriod: formatDuration(flags["leader-elect-retry-period"]),
      resourceLock: flags["leader-elect-resource-lock"],
      resourceName: flags["leader-elect-resource-name"],
      resourceNamespace: flags["leader-elect-resource-namespace"],
    },
    clientConnection: {
      kubeconfig: flags.kubeconfig || (configuration?.kubeconfig ?? ""),
      acceptContentTypes: "",
      contentType: "application/json",
      qps: flags["kube-api-qps"],
      burst: flags["kube-api-burst"],
    },
    enableProfiling: false,
    percentageOfNodesToScore,
    podInitialBackoffSeconds: initial / 1_000,
    podMaxBackoffSeconds: max / 1_000,
    profiles: [{ schedulerName, plugins: { multiPoint: { enabled } } }],
  };
  return { componentconfig };
}
