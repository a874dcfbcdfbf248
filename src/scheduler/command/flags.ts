import {
  delegationFlags,
  featureGateFlags,
  type FlagGroups,
  type FlagValues,
  flag,
  leaderElectionFlags,
  logFlags,
  servingFlags,
} from "../../component/index.ts";

const generic = {
  config: flag.text({ usage: "The path to the configuration file." }),
  kubeconfig: flag.text({ usage: "Path to kubeconfig file with authorization and master location information." }),
  master: flag.text({ usage: "The address of the Kubernetes API server (overrides any value in kubeconfig)." }),
  "kube-api-qps": flag.number({ usage: "Queries a second to the API server.", default: 50 }),
  "kube-api-burst": flag.integer({ usage: "Burst of queries to the API server.", default: 100 }),
  ...featureGateFlags,
};

const serving = servingFlags(10_259);
const delegation = delegationFlags({ tolerateLookupFailure: true });

const leaderElection = leaderElectionFlags("kube-scheduler");

const misc = { help: flag.boolean({ usage: "Show this help." }) };

export const flagGroups: FlagGroups = {
  Generic: generic,
  "Secure serving": serving,
  "Authentication and authorization": delegation,
  "Leader election": leaderElection,
  Logs: logFlags,
  Misc: misc,
};

/** kube-scheduler's flags, as far as they have an effect here. */
export const schedulerFlags = { ...generic, ...serving, ...delegation, ...leaderElection, ...logFlags, ...misc };
export type SchedulerFlags = FlagValues<typeof schedulerFlags>;
