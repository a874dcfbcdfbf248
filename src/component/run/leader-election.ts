import { hostname } from "node:os";
import type { Clock, Log, Random } from "../../base/index.ts";
import { type Client, LeaderElector } from "../../client/index.ts";
import { type FlagValues, flag } from "../flags/index.ts";

/** The flags of a component of which one instance works at a time. `leaseName` is upstream's default. */
export const leaderElectionFlags = (leaseName: string) => ({
  "leader-elect": flag.boolean({ usage: "Work only while holding the lease.", default: true }),
  "leader-elect-lease-duration": flag.duration({
    usage: "How long others wait before they take over.",
    default: 15_000,
  }),
  "leader-elect-renew-deadline": flag.duration({
    usage: "How long the leader tries to renew before it stops.",
    default: 10_000,
  }),
  "leader-elect-retry-period": flag.duration({ usage: "The wait between two tries.", default: 2_000 }),
  "leader-elect-resource-name": flag.text({ usage: "The name of the lease.", default: leaseName }),
  "leader-elect-resource-namespace": flag.text({ usage: "The namespace of the lease.", default: "kube-system" }),
  "leader-elect-resource-lock": flag.text({ usage: "The kind of the lock; only leases are known.", default: "leases" }),
});

export type LeaderElectionFlags = FlagValues<ReturnType<typeof leaderElectionFlags>>;

export interface LeadershipOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lead: (signal: AbortSignal) => Promise<void>;
}

/** So long after its lease has ended a leader that still runs is unhealthy. Upstream: `NewLeaderHealthzAdaptor`. */
export const leaseToleranceMs = 20_000;

/** An elector by these flags, under the name that upstream's components give themselves. */
export function leaderElectorOf(flags: LeaderElectionFlags, options: LeadershipOptions): LeaderElector {
  return new LeaderElector({
    ...options,
    namespace: flags["leader-elect-resource-namespace"],
    leaseName: flags["leader-elect-resource-name"],
    identity: `${hostname()}_${options.random.uuid()}`,
    leaseDurationMs: flags["leader-elect-lease-duration"],
    renewDeadlineMs: flags["leader-elect-renew-deadline"],
    retryPeriodMs: flags["leader-elect-retry-period"],
    onNewLeader: (identity) => options.log.info("New leader elected", { identity }),
  });
}
