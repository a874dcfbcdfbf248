import type { WorkQueueMetricsProvider } from "../client/index.ts";

/** Upstream's names of queues in metrics, where they are not the controller's without its ending. */
const special: Readonly<Record<string, string>> = {
  "bootstrap-signer-controller": "bootstrap_signer_queue",
  "certificatesigningrequest-approving-controller": "certificate",
  "certificatesigningrequest-signing-controller": "certificate",
  "clusterrole-aggregation-controller": "ClusterRoleAggregator",
  "device-taint-eviction-controller": "device-taint-eviction-controller",
  "endpoints-controller": "endpoint",
  "endpointslice-controller": "endpoint_slice",
  "endpointslice-mirroring-controller": "endpoint_slice_mirroring",
  "ephemeral-volume-controller": "ephemeral_volume",
  "horizontal-pod-autoscaler-controller": "horizontalpodautoscaler",
  "persistentvolume-attach-detach-controller": "pvcs",
  "persistentvolume-expander-controller": "volume_expand",
  "persistentvolume-protection-controller": "pvprotection",
  "persistentvolumeclaim-protection-controller": "pvcprotection",
  "replicationcontroller-controller": "replicationmanager",
  "resourceclaim-controller": "resource_claim",
  "resourcequota-controller": "resourcequota_primary",
  "root-ca-certificate-publisher-controller": "root_ca_cert_publisher",
  "selinux-warning-controller": "selinux_warning",
  "serviceaccount-token-controller": "serviceaccount_tokens_service",
  "storage-version-migrator-controller": "storage-version-migrator-controller",
  "taint-eviction-controller": "noexec_taint_pod",
  "token-cleaner-controller": "token_cleaner",
  "ttl-after-finished-controller": "ttl_jobs_to_delete",
  "ttl-controller": "ttlcontroller",
  "volumeattributesclass-protection-controller": "vacprotection",
};

/** The same series under upstream's names. */
export function underQueueNames(metrics: WorkQueueMetricsProvider): WorkQueueMetricsProvider {
  return (name) => metrics(special[name] ?? name.replace(/-controller$/, ""));
}
