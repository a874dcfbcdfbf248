import type { Disk } from "../../base/index.ts";
import { FlagError } from "../../component/index.ts";
import type { ControllerConfig } from "../config.ts";
import { otherControllers, withoutAlias } from "../names.ts";
import { controllers } from "../registry.ts";
import type { ControllerManagerFlags } from "./flags.ts";

/** What the flags ask of the controllers, with the files that they name read. */
export async function controllerConfig(
  disk: Disk,
  flags: ControllerManagerFlags,
  isFeatureOn?: (gate: string) => boolean,
): Promise<ControllerConfig> {
  const read = async (path: string): Promise<string | undefined> => (path === "" ? undefined : disk.readText(path));
  const [rootCa, serviceAccountKey, certificate, key] = await Promise.all([
    read(flags["root-ca-file"]),
    read(flags["service-account-private-key-file"]),
    read(flags["cluster-signing-cert-file"]),
    read(flags["cluster-signing-key-file"]),
  ]);
  const size = (family: "ipv4" | "ipv6"): number | undefined =>
    flags[`node-cidr-mask-size-${family}`] || flags["node-cidr-mask-size"] || undefined;
  return {
    ...(isFeatureOn === undefined ? {} : { isFeatureOn }),
    ...(rootCa === undefined ? {} : { rootCa }),
    ...(serviceAccountKey === undefined ? {} : { serviceAccountKey }),
    ...(certificate === undefined || key === undefined ? {} : { signing: { certificate, key } }),
    signingDurationMs: flags["cluster-signing-duration"],
    nodeMonitorPeriodMs: flags["node-monitor-period"],
    nodeMonitorGracePeriodMs: flags["node-monitor-grace-period"],
    nodeStartupGracePeriodMs: flags["node-startup-grace-period"],
    nodeEvictionRate: flags["node-eviction-rate"],
    secondaryNodeEvictionRate: flags["secondary-node-eviction-rate"],
    unhealthyZoneThreshold: flags["unhealthy-zone-threshold"],
    largeClusterSizeThreshold: flags["large-cluster-size-threshold"],
    terminatedPodGcThreshold: flags["terminated-pod-gc-threshold"],
    volumeSyncPeriodMs: flags["pvclaimbinder-sync-period"],
    autoscalerSyncPeriodMs: flags["horizontal-pod-autoscaler-sync-period"],
    clusterCidrs: flags["allocate-node-cidrs"] ? flags["cluster-cidr"] : [],
    serviceCidrs: flags["service-cluster-ip-range"],
    concurrentResourceClaimSyncs: flags["concurrent-resource-claim-syncs"],
    concurrentDeviceTaintEvictionSyncs: flags["concurrent-device-taint-eviction-syncs"],
    legacyTokenCleanUpPeriodMs: flags["legacy-service-account-token-clean-up-period"],
    attachDetachSyncPeriodMs: flags["attach-detach-reconcile-sync-period"],
    disableAttachDetachSync: flags["disable-attach-detach-reconcile-sync"],
    disableForceDetachOnTimeout: flags["disable-force-detach-on-timeout"],
    nodeCidrMaskSizeIpv4: size("ipv4"),
    nodeCidrMaskSizeIpv6: size("ipv6"),
  };
}

/** Throws a `FlagError` for a controller that there is not. */
export function checkControllers(enabled: readonly string[]): void {
  for (const entry of enabled) {
    const [name = ""] = [withoutAlias(entry)].map((one) => one.replace(/^-/, ""));
    if (name === "*" || otherControllers.has(name) || controllers.some((descriptor) => descriptor.name === name))
      continue;
    throw new FlagError(`"${name}" is not in the list of known controllers`);
  }
}
