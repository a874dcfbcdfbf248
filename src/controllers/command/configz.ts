import { clientConnectionDocument, formatDuration, leaderElectionDocument } from "../../component/index.ts";
import type { ControllerManagerFlags } from "./flags.ts";

/** What `/configz` shows: what the flags ask of the controllers, in the shape and under the key of upstream's. */
export function controllerManagerConfigz(flags: ControllerManagerFlags) {
  return {
    "kubecontrollermanager.config.k8s.io": {
      kind: "KubeControllerManagerConfiguration",
      apiVersion: "kubecontrollermanager.config.k8s.io/v1alpha1",
      Generic: genericOf(flags),
      KubeCloudShared: {
        UseServiceAccountCredentials: flags["use-service-account-credentials"],
        NodeMonitorPeriod: formatDuration(flags["node-monitor-period"]),
        ClusterName: flags["cluster-name"],
        ClusterCIDR: flags["cluster-cidr"].join(","),
        AllocateNodeCIDRs: flags["allocate-node-cidrs"],
      },
      CSRSigningController: {
        ClusterSigningCertFile: flags["cluster-signing-cert-file"],
        ClusterSigningKeyFile: flags["cluster-signing-key-file"],
        ClusterSigningDuration: formatDuration(flags["cluster-signing-duration"]),
      },
      HPAController: {
        HorizontalPodAutoscalerSyncPeriod: formatDuration(flags["horizontal-pod-autoscaler-sync-period"]),
      },
      NodeIPAMController: {
        ServiceCIDR: flags["service-cluster-ip-range"][0] ?? "",
        SecondaryServiceCIDR: flags["service-cluster-ip-range"][1] ?? "",
        NodeCIDRMaskSize: flags["node-cidr-mask-size"],
        NodeCIDRMaskSizeIPv4: flags["node-cidr-mask-size-ipv4"],
        NodeCIDRMaskSizeIPv6: flags["node-cidr-mask-size-ipv6"],
      },
      NodeLifecycleController: {
        NodeEvictionRate: flags["node-eviction-rate"],
        SecondaryNodeEvictionRate: flags["secondary-node-eviction-rate"],
        NodeStartupGracePeriod: formatDuration(flags["node-startup-grace-period"]),
        NodeMonitorGracePeriod: formatDuration(flags["node-monitor-grace-period"]),
        LargeClusterSizeThreshold: flags["large-cluster-size-threshold"],
        UnhealthyZoneThreshold: flags["unhealthy-zone-threshold"],
      },
      PersistentVolumeBinderController: {
        PVClaimBinderSyncPeriod: formatDuration(flags["pvclaimbinder-sync-period"]),
      },
      PodGCController: { TerminatedPodGCThreshold: flags["terminated-pod-gc-threshold"] },
      SAController: {
        ServiceAccountKeyFile: flags["service-account-private-key-file"],
        RootCAFile: flags["root-ca-file"],
      },
    },
  };
}

function genericOf(flags: ControllerManagerFlags) {
  return {
    ClientConnection: clientConnectionDocument(flags.kubeconfig, flags),
    LeaderElection: leaderElectionDocument(flags),
    Controllers: flags.controllers,
    Debugging: { enableProfiling: false, enableContentionProfiling: false },
  };
}
