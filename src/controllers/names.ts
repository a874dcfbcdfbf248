/** Names that `--controllers` also takes. Upstream: the aliases of controllers. */
const aliases: Readonly<Record<string, string>> = {
  attachdetach: "persistentvolume-attach-detach-controller",
  bootstrapsigner: "bootstrap-signer-controller",
  "cloud-node-lifecycle": "cloud-node-lifecycle-controller",
  "clusterrole-aggregation": "clusterrole-aggregation-controller",
  cronjob: "cronjob-controller",
  csrapproving: "certificatesigningrequest-approving-controller",
  csrcleaner: "certificatesigningrequest-cleaner-controller",
  csrsigning: "certificatesigningrequest-signing-controller",
  daemonset: "daemonset-controller",
  deployment: "deployment-controller",
  disruption: "disruption-controller",
  endpoint: "endpoints-controller",
  endpointslice: "endpointslice-controller",
  endpointslicemirroring: "endpointslice-mirroring-controller",
  "ephemeral-volume": "ephemeral-volume-controller",
  garbagecollector: "garbage-collector-controller",
  horizontalpodautoscaling: "horizontal-pod-autoscaler-controller",
  job: "job-controller",
  "legacy-service-account-token-cleaner": "legacy-serviceaccount-token-cleaner-controller",
  namespace: "namespace-controller",
  nodeipam: "node-ipam-controller",
  nodelifecycle: "node-lifecycle-controller",
  "persistentvolume-binder": "persistentvolume-binder-controller",
  "persistentvolume-expander": "persistentvolume-expander-controller",
  podgc: "pod-garbage-collector-controller",
  "pv-protection": "persistentvolume-protection-controller",
  "pvc-protection": "persistentvolumeclaim-protection-controller",
  replicaset: "replicaset-controller",
  replicationcontroller: "replicationcontroller-controller",
  "resource-claim-controller": "resourceclaim-controller",
  resourcequota: "resourcequota-controller",
  "root-ca-cert-publisher": "root-ca-certificate-publisher-controller",
  route: "node-route-controller",
  service: "service-lb-controller",
  serviceaccount: "serviceaccount-controller",
  "serviceaccount-token": "serviceaccount-token-controller",
  statefulset: "statefulset-controller",
  "storage-version-gc": "storageversion-garbage-collector-controller",
  svm: "storage-version-migrator-controller",
  tokencleaner: "token-cleaner-controller",
  ttl: "ttl-controller",
  "ttl-after-finished": "ttl-after-finished-controller",
};

/** An entry of `--controllers` with its controller's own name. */
export function withoutAlias(entry: string): string {
  const sign = entry.startsWith("-") ? "-" : "";
  const name = entry.slice(sign.length);
  return Object.hasOwn(aliases, name) ? `${sign}${aliases[name]}` : entry;
}

/**
 * Controllers of upstream that do nothing here: those of cloud providers, which upstream's controller manager only
 * names, too, and those behind gates that are off and fixed, or of APIs that are not served.
 */
export const otherControllers: ReadonlySet<string> = new Set([
  "cloud-node-lifecycle-controller",
  "kube-apiserver-serving-clustertrustbundle-publisher-controller",
  "node-route-controller",
  "podcertificaterequest-cleaner-controller",
  "podgroup-protection-controller",
  "resourcepoolstatusrequest-controller",
  "service-lb-controller",
  "storageversion-garbage-collector-controller",
]);
