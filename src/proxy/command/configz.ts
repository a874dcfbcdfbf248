import { formatDuration } from "../../component/index.ts";
import { type ProxyConfiguration, proxyConfigurationKind } from "./configuration.ts";

/** What `/configz` shows: the configuration that the proxy runs with, under upstream's key. */
export function proxyConfigz(configuration: ProxyConfiguration) {
  const { iptables, nftables, configSyncPeriod } = configuration;
  const periods = ({ syncPeriod, minSyncPeriod }: { readonly syncPeriod: number; readonly minSyncPeriod: number }) => ({
    syncPeriod: formatDuration(syncPeriod),
    minSyncPeriod: formatDuration(minSyncPeriod),
  });
  return {
    "kubeproxy.config.k8s.io": {
      kind: proxyConfigurationKind.kind,
      apiVersion: proxyConfigurationKind.apiVersions[0],
      ...configuration,
      iptables: { ...iptables, ...periods(iptables) },
      nftables: { ...nftables, ...periods(nftables) },
      configSyncPeriod: formatDuration(configSyncPeriod),
    },
  };
}
