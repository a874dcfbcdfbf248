/** Upstream's KubeletConfiguration (kubelet.config.k8s.io/v1beta1) and flags, as far as they are followed. */
export interface KubeletConfiguration {
  readonly nodeName: string;
  /** `--root-dir`. */
  readonly rootDirectory: string;
  readonly podLogsDirectory: string;
  /** `--node-ip`, first IPv4 or IPv6 first as given. */
  readonly nodeIps: readonly string[];
  readonly hostname: string;
  readonly nodeLabels: Readonly<Record<string, string>>;
  readonly registerNode: boolean;
  readonly registerWithTaints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly providerId: string;
  /** `--cloud-provider=external`. */
  readonly cloudProviderExternal: boolean;
  readonly staticPodPath: string;
  readonly clusterDomain: string;
  readonly clusterDns: readonly string[];
  readonly resolvConf: string;
  readonly cgroupRoot: string;
  /** Where cgroup hierarchies are mounted. */
  readonly cgroupMount: string;
  readonly cpuCfsQuota: boolean;
  readonly podPidsLimit: number;
  readonly maxPods: number;
  readonly seccompDefault: boolean;
  readonly maxParallelImagePulls: number;
  readonly nodeStatusUpdateFrequencyMs: number;
  readonly nodeStatusReportFrequencyMs: number;
  readonly nodeStatusMaxImages: number;
  readonly nodeLeaseDurationSeconds: number;
  readonly syncFrequencyMs: number;
  readonly containerLogMaxBytes: number;
  readonly containerLogMaxFiles: number;
  /** Percent of the disk in use; 100 keeps all images. */
  readonly imageGcHighThresholdPercent: number;
  readonly imageGcLowThresholdPercent: number;
  readonly imageMinimumGcAgeMs: number;
  readonly evictionPressureTransitionMs: number;
  readonly systemReserved: Readonly<Record<string, string>>;
  readonly kubeReserved: Readonly<Record<string, string>>;
  readonly evictionHard: Readonly<Record<string, string>>;
  /** The HTTPS server. Port 0 takes any free one. */
  readonly address: string;
  readonly port: number;
  readonly authentication: {
    readonly anonymous: boolean;
    readonly webhook: boolean;
    /** PEM. */
    readonly clientCa: string | undefined;
  };
  readonly authorization: "AlwaysAllow" | "Webhook";
  /** PEM. Without them the server makes its own certificate. */
  readonly tlsCertificate: string | undefined;
  readonly tlsPrivateKey: string | undefined;
  readonly enableServer: boolean;
  /** How many pods may be brought up at the same time. */
  readonly parallelPodStarts: number;
  readonly relistPeriodMs: number;
}

/** Upstream's defaults. */
export const kubeletDefaults = {
  rootDirectory: "/var/lib/kubelet",
  podLogsDirectory: "/var/log/pods",
  nodeIps: [],
  hostname: "",
  nodeLabels: {},
  registerNode: true,
  registerWithTaints: [],
  providerId: "",
  cloudProviderExternal: false,
  staticPodPath: "",
  clusterDomain: "cluster.local",
  clusterDns: [],
  resolvConf: "/etc/resolv.conf",
  cgroupRoot: "/",
  cgroupMount: "/sys/fs/cgroup",
  cpuCfsQuota: true,
  podPidsLimit: -1,
  maxPods: 110,
  seccompDefault: false,
  maxParallelImagePulls: 5,
  nodeStatusUpdateFrequencyMs: 10_000,
  nodeStatusReportFrequencyMs: 300_000,
  nodeStatusMaxImages: 50,
  nodeLeaseDurationSeconds: 40,
  syncFrequencyMs: 60_000,
  containerLogMaxBytes: 10 * 1024 * 1024,
  containerLogMaxFiles: 5,
  imageGcHighThresholdPercent: 85,
  imageGcLowThresholdPercent: 80,
  imageMinimumGcAgeMs: 120_000,
  evictionPressureTransitionMs: 300_000,
  systemReserved: {},
  kubeReserved: {},
  evictionHard: {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
  },
  address: "0.0.0.0",
  port: 10_250,
  authentication: { anonymous: false, webhook: true, clientCa: undefined },
  authorization: "Webhook",
  tlsCertificate: undefined,
  tlsPrivateKey: undefined,
  enableServer: true,
  parallelPodStarts: 8,
  relistPeriodMs: 1_000,
} as const satisfies Omit<KubeletConfiguration, "nodeName">;

/** Completes what was given with the defaults. The result is frozen. */
export function resolveConfiguration(
  given: Partial<KubeletConfiguration> & { readonly nodeName: string },
): KubeletConfiguration {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Object.freeze({ ...kubeletDefaults, ...present, nodeName: given.nodeName });
}
