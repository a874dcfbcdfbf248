/** What controllers can be told; each has upstream's flag in its words. Times in milliseconds. */
export interface ControllerConfig {
  /** `--feature-gates`; default: upstream's defaults. */
  readonly isFeatureOn?: (gate: string) => boolean;
  /** PEM of the cluster's CA, for `kube-root-ca.crt` (`--root-ca-file`). */
  readonly rootCa?: string;
  /** PEM of the key that signs tokens in secrets; without it there are none (`--service-account-private-key-file`). */
  readonly serviceAccountKey?: string;
  /** `--node-monitor-period`, default 5 s. */
  readonly nodeMonitorPeriodMs?: number;
  /** `--node-monitor-grace-period`, default 50 s. */
  readonly nodeMonitorGracePeriodMs?: number;
  /** `--node-startup-grace-period`, default 60 s. */
  readonly nodeStartupGracePeriodMs?: number;
  /** `--node-eviction-rate` per second, default 0.1. */
  readonly nodeEvictionRate?: number;
  /** `--secondary-node-eviction-rate` per second, default 0.01. */
  readonly secondaryNodeEvictionRate?: number;
  /** `--unhealthy-zone-threshold`, default 0.55. */
  readonly unhealthyZoneThreshold?: number;
  /** `--large-cluster-size-threshold`, default 50. */
  readonly largeClusterSizeThreshold?: number;
  /** `--cluster-cidr`; pod ranges are handed out when it is set. */
  readonly clusterCidrs?: readonly string[];
  /** `--node-cidr-mask-size-ipv4`, default 24. */
  readonly nodeCidrMaskSizeIpv4?: number;
  /** `--node-cidr-mask-size-ipv6`, default 64. */
  readonly nodeCidrMaskSizeIpv6?: number;
  /** `--service-cluster-ip-range`, kept out of the pods' ranges. */
  readonly serviceCidrs?: readonly string[];
  /** `--terminated-pod-gc-threshold`, default 12 500; 0 or less keeps all. */
  readonly terminatedPodGcThreshold?: number;
  /** `--pvclaimbinder-sync-period`, default 15 s. */
  readonly volumeSyncPeriodMs?: number;
  /** `--horizontal-pod-autoscaler-sync-period`, default 15 s. */
  readonly autoscalerSyncPeriodMs?: number;
  /** `--cluster-signing-cert-file`, `--cluster-signing-key-file`: PEM. */
  readonly signing?: { readonly certificate: string; readonly key: string };
  /** `--cluster-signing-duration`, default one year. */
  readonly signingDurationMs?: number;
  /** `--concurrent-resource-claim-syncs`, default 50. */
  readonly concurrentResourceClaimSyncs?: number;
  /** `--concurrent-device-taint-eviction-syncs`, default 8. */
  readonly concurrentDeviceTaintEvictionSyncs?: number;
  /** `--legacy-service-account-token-clean-up-period`, default one year. */
  readonly legacyTokenCleanUpPeriodMs?: number;
  /** `--attach-detach-reconcile-sync-period`, default one minute. */
  readonly attachDetachSyncPeriodMs?: number;
  /** `--disable-attach-detach-reconcile-sync`. */
  readonly disableAttachDetachSync?: boolean;
  /** `--disable-force-detach-on-timeout`. */
  readonly disableForceDetachOnTimeout?: boolean;
}
