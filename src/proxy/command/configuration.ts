import { type ConfigOf, type ConfigurationKind, field } from "../../component/index.ts";

const shape = {
  featureGates: field.booleanMap(),
  clientConnection: field.object({
    kubeconfig: field.text(),
    acceptContentTypes: field.text(),
    contentType: field.text("application/vnd.kubernetes.protobuf"),
    qps: field.number(5),
    burst: field.integer(10),
  }),
  logging: field.raw(),
  hostnameOverride: field.text(),
  bindAddress: field.text("0.0.0.0"),
  healthzBindAddress: field.text("0.0.0.0:10256"),
  metricsBindAddress: field.text("127.0.0.1:10249"),
  bindAddressHardFail: field.boolean(),
  enableProfiling: field.boolean(),
  showHiddenMetricsForVersion: field.text(),
  mode: field.text(),
  iptables: field.object({
    masqueradeBit: field.optional(field.integer()),
    masqueradeAll: field.boolean(),
    localhostNodePorts: field.boolean(true),
    syncPeriod: field.duration(30_000),
    minSyncPeriod: field.duration(1_000),
  }),
  ipvs: field.raw(),
  nftables: field.object({
    masqueradeBit: field.integer(14),
    masqueradeAll: field.boolean(),
    syncPeriod: field.duration(30_000),
    minSyncPeriod: field.duration(100),
  }),
  winkernel: field.raw(),
  detectLocalMode: field.text(),
  detectLocal: field.object({ bridgeInterface: field.text(), interfaceNamePrefix: field.text() }),
  clusterCIDR: field.text(),
  nodePortAddresses: field.textList(),
  oomScoreAdj: field.integer(-999),
  conntrack: field.raw(),
  configSyncPeriod: field.duration(900_000),
  portRange: field.text(),
  windowsRunAsService: field.boolean(),
};

/** Upstream's configuration file of kube-proxy. */
export const proxyConfigurationKind = {
  apiVersions: ["kubeproxy.config.k8s.io/v1alpha1"],
  kind: "KubeProxyConfiguration",
  shape,
} satisfies ConfigurationKind<typeof shape>;

export type ProxyConfiguration = ConfigOf<typeof shape>;
