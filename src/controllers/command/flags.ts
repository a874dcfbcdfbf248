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
  kubeconfig: flag.text({ usage: "Path to kubeconfig file with authorization and master location information." }),
  master: flag.text({ usage: "The address of the Kubernetes API server (overrides any value in kubeconfig)." }),
  controllers: flag.textList({
    usage: "The controllers to run: '*' all that are on by default, 'foo' this one, '-foo' not this one.",
    default: ["*"],
  }),
  "use-service-account-credentials": flag.boolean({
    usage: "If true, use individual service account credentials for each controller.",
  }),
  "kube-api-qps": flag.number({ usage: "Queries a second to the API server, for each client.", default: 20 }),
  "kube-api-burst": flag.integer({ usage: "Burst of queries to the API server, for each client.", default: 30 }),
  "cluster-name": flag.text({ usage: "The instance prefix for the cluster.", default: "kubernetes" }),
  ...featureGateFlags,
};

const leaderElection = leaderElectionFlags("kube-controller-manager");

const serving = servingFlags(10_257);
const delegation = delegationFlags({ tolerateLookupFailure: false });

const controllers = {
  "allocate-node-cidrs": flag.boolean({ usage: "Should CIDRs for Pods be allocated and set on nodes." }),
  "cluster-cidr": flag.textList({
    usage: "CIDR range for pods in the cluster. Only used when --allocate-node-cidrs is true.",
  }),
  "service-cluster-ip-range": flag.textList({ usage: "CIDR range for Services in the cluster." }),
  "node-cidr-mask-size": flag.integer({
    usage: "Mask size for node cidr in the cluster. 24 for IPv4 and 64 for IPv6 by default.",
  }),
  "node-cidr-mask-size-ipv4": flag.integer({ usage: "Mask size for IPv4 node cidr in a dual-stack cluster." }),
  "node-cidr-mask-size-ipv6": flag.integer({ usage: "Mask size for IPv6 node cidr in a dual-stack cluster." }),
  "root-ca-file": flag.text({ usage: "The CA that is published for service accounts; must be a PEM bundle." }),
  "service-account-private-key-file": flag.text({
    usage: "PEM key with which the tokens in secrets of service accounts are signed; without it there are none.",
  }),
  "cluster-signing-cert-file": flag.text({ usage: "PEM CA certificate with which certificates are signed." }),
  "cluster-signing-key-file": flag.text({ usage: "PEM key of that CA." }),
  "cluster-signing-duration": flag.duration({
    usage: "The longest validity of signed certificates.",
    default: 8_760 * 3_600_000,
  }),
  "node-monitor-period": flag.duration({ usage: "The period for looking at the nodes.", default: 5_000 }),
  "node-monitor-grace-period": flag.duration({
    usage: "How long a node may be silent before it is unhealthy.",
    default: 50_000,
  }),
  "node-startup-grace-period": flag.duration({ usage: "The same for a node that starts.", default: 60_000 }),
  "node-eviction-rate": flag.number({
    usage: "Nodes a second whose pods are evicted in a healthy zone.",
    default: 0.1,
  }),
  "secondary-node-eviction-rate": flag.number({ usage: "The same in a large zone that is unhealthy.", default: 0.01 }),
  "unhealthy-zone-threshold": flag.number({
    usage: "The share of not ready nodes (at least 3) that makes a zone unhealthy.",
    default: 0.55,
  }),
  "large-cluster-size-threshold": flag.integer({ usage: "From how many nodes on a cluster is large.", default: 50 }),
  "terminated-pod-gc-threshold": flag.integer({
    usage: "How many terminated pods may exist. 0 or less for any number.",
    default: 12_500,
  }),
  "pvclaimbinder-sync-period": flag.duration({ usage: "The period for looking at unbound claims.", default: 15_000 }),
  "horizontal-pod-autoscaler-sync-period": flag.duration({
    usage: "The period for looking at metrics.",
    default: 15_000,
  }),
  "concurrent-resource-claim-syncs": flag.integer({ usage: "Resource claims looked at at once.", default: 50 }),
  "concurrent-device-taint-eviction-syncs": flag.integer({
    usage: "Pods with tainted devices looked at at once.",
    default: 8,
  }),
  "legacy-service-account-token-clean-up-period": flag.duration({
    usage: "How long a secret-based token of a service account must have been unused before it is deleted.",
    default: 8_760 * 3_600_000,
  }),
  "attach-detach-reconcile-sync-period": flag.duration({
    usage: "How often it is checked that volumes are attached as believed; longer than one second.",
    default: 60_000,
  }),
  "disable-attach-detach-reconcile-sync": flag.boolean({ usage: "Never check that." }),
  "disable-force-detach-on-timeout": flag.boolean({
    usage: "Detach no volume that its node may still use, unless the node is marked as out of service.",
  }),
};

export const flagGroups: FlagGroups = {
  Generic: generic,
  "Leader election": leaderElection,
  "Secure serving": serving,
  "Authentication and authorization": delegation,
  Controllers: controllers,
  Logs: logFlags,
};

export const controllerManagerFlags = {
  ...generic,
  ...leaderElection,
  ...serving,
  ...delegation,
  ...controllers,
  ...logFlags,
  help: flag.boolean({ usage: "help for the controller manager", shorthand: "h" }),
};

export type ControllerManagerFlags = FlagValues<typeof controllerManagerFlags>;
