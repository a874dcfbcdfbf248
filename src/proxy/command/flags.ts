import { type FlagValues, flag } from "../../component/index.ts";
import type { ProxyConfiguration } from "./configuration.ts";

/** kube-proxy's flags. Those without effect here are accepted, so that existing command lines work. */
export const proxyFlags = {
  config: flag.text({ usage: "The path to the configuration file. Most other flags are ignored with it." }),
  kubeconfig: flag.text({ usage: "Path to kubeconfig file with authorization and API server location." }),
  master: flag.text({ usage: "The address of the API server; overrides the kubeconfig's." }),
  "hostname-override": flag.text({ usage: "The name of the node this proxy runs on, instead of the host's name." }),
  "bind-address": flag.text({ usage: "Decides the primary IP family.", default: "0.0.0.0" }),
  "healthz-bind-address": flag.text({ usage: "Where /healthz answers; empty turns it off.", default: "0.0.0.0:10256" }),
  "metrics-bind-address": flag.text({
    usage: "Where /metrics answers; empty turns it off.",
    default: "127.0.0.1:10249",
  }),
  "proxy-mode": flag.text({ usage: "Only nftables is implemented; other modes are served by it, with a warning." }),
  "cluster-cidr": flag.text({ usage: "The range of pod addresses, to tell pods from others." }),
  "detect-local-mode": flag.text({
    usage: "How pods are told from others: ClusterCIDR, BridgeInterface or InterfaceNamePrefix.",
  }),
  "pod-bridge-interface": flag.text({ usage: "The bridge of pods, for BridgeInterface." }),
  "pod-interface-name-prefix": flag.text({ usage: "How the links of pods begin, for InterfaceNamePrefix." }),
  "nodeport-addresses": flag.textList({
    usage: "Ranges of local addresses where node ports answer; by default the primary one.",
  }),
  "masquerade-all": flag.boolean({ usage: "Masquerade all traffic to cluster IPs." }),
  "iptables-masquerade-bit": flag.integer({
    usage: "The bit of the packet mark that asks for masquerading.",
    default: 14,
  }),
  "iptables-localhost-nodeports": flag.boolean({ usage: "Node ports answer on 127.0.0.1.", default: true }),
  "iptables-sync-period": flag.duration({ usage: "How often the rules are checked.", default: 30_000 }),
  "iptables-min-sync-period": flag.duration({ usage: "Changes within this time are written together.", default: 100 }),
  "config-sync-period": flag.duration({ usage: "Has no effect.", default: 900_000 }),
  "feature-gates": flag.booleanMap({ usage: "Features to turn on or off." }),
  "conntrack-max-per-core": flag.integer({ usage: "Has no effect.", default: 32_768 }),
  "conntrack-min": flag.integer({ usage: "Has no effect.", default: 131_072 }),
  "oom-score-adj": flag.integer({ usage: "Has no effect.", default: -999 }),
  cleanup: flag.boolean({ usage: "Remove the rules and exit." }),
  v: flag.integer({ usage: "Verbosity of the log.", shorthand: "v" }),
};

export type ProxyFlags = FlagValues<typeof proxyFlags>;

/** The flags in the form of a configuration file. */
export function configurationOfFlags(flags: ProxyFlags, defaults: ProxyConfiguration): ProxyConfiguration {
  return {
    ...defaults,
    featureGates: flags["feature-gates"],
    clientConnection: { ...defaults.clientConnection, kubeconfig: flags.kubeconfig },
    hostnameOverride: flags["hostname-override"],
    bindAddress: flags["bind-address"],
    healthzBindAddress: flags["healthz-bind-address"],
    metricsBindAddress: flags["metrics-bind-address"],
    mode: flags["proxy-mode"],
    iptables: { ...defaults.iptables, localhostNodePorts: flags["iptables-localhost-nodeports"] },
    nftables: {
      masqueradeBit: flags["iptables-masquerade-bit"],
      masqueradeAll: flags["masquerade-all"],
      syncPeriod: flags["iptables-sync-period"],
      minSyncPeriod: flags["iptables-min-sync-period"],
    },
    detectLocalMode: flags["detect-local-mode"],
    detectLocal: {
      bridgeInterface: flags["pod-bridge-interface"],
      interfaceNamePrefix: flags["pod-interface-name-prefix"],
    },
    clusterCIDR: flags["cluster-cidr"],
    nodePortAddresses: flags["nodeport-addresses"],
  };
}
