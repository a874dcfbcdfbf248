import { formatDuration } from "../flags/index.ts";
import type { LeaderElectionFlags } from "./leader-election.ts";

export interface ClientFlags {
  readonly "kube-api-qps": number;
  readonly "kube-api-burst": number;
}

/** What `/configz` shows of the client: `ClientConnectionConfiguration` upstream. */
export function clientConnectionDocument(kubeconfig: string, flags: ClientFlags) {
  return {
    kubeconfig,
    acceptContentTypes: "",
    contentType: "application/json",
    qps: flags["kube-api-qps"],
    burst: flags["kube-api-burst"],
  };
}

/** And of the leader's election: `LeaderElectionConfiguration` upstream. */
export function leaderElectionDocument(flags: LeaderElectionFlags) {
  return {
    leaderElect: flags["leader-elect"],
    leaseDuration: formatDuration(flags["leader-elect-lease-duration"]),
    renewDeadline: formatDuration(flags["leader-elect-renew-deadline"]),
    retryPeriod: formatDuration(flags["leader-elect-retry-period"]),
    resourceLock: flags["leader-elect-resource-lock"],
    resourceName: flags["leader-elect-resource-name"],
    resourceNamespace: flags["leader-elect-resource-namespace"],
  };
}
