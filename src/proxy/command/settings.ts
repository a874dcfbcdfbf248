import type { Disk } from "../../base/index.ts";
import { ConfigError, defaultConfiguration, Features, parseFlags, readConfiguration } from "../../component/index.ts";
import { defaultProxyConfig, type ProxyConfig } from "../config.ts";
import { type ProxyConfiguration, proxyConfigurationKind } from "./configuration.ts";
import { configurationOfFlags, type ProxyFlags, proxyFlags } from "./flags.ts";

/** A proxy's command line and configuration file, resolved. */
export interface ProxySettings {
  readonly kubeconfig: string;
  readonly master: string;
  readonly cleanup: boolean;
  readonly verbosity: number;
  /** `undefined` means: the host's name. */
  readonly nodeName: string | undefined;
  /** Without the node's name and address, which are found out at run time. */
  readonly config: Omit<ProxyConfig, "nodeName" | "nodeAddress">;
  readonly healthz: BindAddress | undefined;
  readonly metrics: BindAddress | undefined;
  readonly features: Features;
  readonly configuration: ProxyConfiguration;
  /** All flags, as they are in effect. */
  readonly flags: ProxyFlags;
  readonly syncPeriodMs: number;
  readonly minSyncPeriodMs: number;
  /** To be told to the user. */
  readonly warnings: readonly string[];
}

export interface BindAddress {
  readonly host: string;
  readonly port: number;
}

/** Throws a `FlagError`, `HelpRequested` or `ConfigError`. */
export async function readProxySettings(disk: Disk, args: readonly string[]): Promise<ProxySettings> {
  const { values, warnings, positional } = parseFlags(proxyFlags, args);
  if (positional.length > 0) throw new ConfigError(`kube-proxy takes no arguments, got ${JSON.stringify(positional)}`);
  const configuration =
    values.config === ""
      ? configurationOfFlags(values, defaultConfiguration(proxyConfigurationKind))
      : await readConfiguration(disk, values.config, proxyConfigurationKind);
  const hostname = values["hostname-override"] || configuration.hostnameOverride;
  return {
    kubeconfig: configuration.clientConnection.kubeconfig,
    master: values.master,
    cleanup: values.cleanup,
    verbosity: values.v,
    nodeName: hostname === "" ? undefined : hostname.trim().toLowerCase(),
    config: proxyConfig(configuration),
    healthz: bindAddress(configuration.healthzBindAddress, "healthzBindAddress"),
    metrics: bindAddress(configuration.metricsBindAddress, "metricsBindAddress"),
    configuration,
    flags: values,
    features: new Features(configuration.featureGates),
    syncPeriodMs: configuration.nftables.syncPeriod,
    minSyncPeriodMs: configuration.nftables.minSyncPeriod,
    warnings: [...warnings, ...modeWarnings(configuration.mode)],
  };
}

function proxyConfig(configuration: ProxyConfiguration): ProxySettings["config"] {
  const { nftables, iptables, clusterCIDR, nodePortAddresses, bindAddress: address } = configuration;
  return {
    ...defaultProxyConfig,
    family: address.includes(":") && address !== "::" ? "IPv6" : "IPv4",
    ...localTraffic(configuration, clusterCIDR),
    masqueradeAll: nftables.masqueradeAll,
    masqueradeBit: nftables.masqueradeBit,
    localhostNodePorts: iptables.localhostNodePorts,
    nodePortAddresses: nodePortAddresses.filter((range) => range !== "primary"),
  };
}

function localTraffic({ detectLocalMode, detectLocal }: ProxyConfiguration, clusterCidr: string) {
  if (detectLocalMode === "BridgeInterface")
    return { podInterface: required(detectLocal.bridgeInterface, "bridgeInterface") };
  if (detectLocalMode === "InterfaceNamePrefix") {
    return { podInterface: `${required(detectLocal.interfaceNamePrefix, "interfaceNamePrefix")}*` };
  }
  if (detectLocalMode !== "" && detectLocalMode !== "ClusterCIDR") {
    throw new ConfigError(`detectLocalMode: ${JSON.stringify(detectLocalMode)} is not supported`);
  }
  return clusterCidr === "" ? {} : { clusterCidr };
}

function required(value: string, name: string): string {
  if (value === "") throw new ConfigError(`detectLocal.${name}: Required value`);
  return value;
}

function modeWarnings(mode: string): readonly string[] {
  if (mode === "" || mode === "nftables") return [];
  if (mode !== "iptables" && mode !== "ipvs") throw new ConfigError(`mode: Unsupported value: ${JSON.stringify(mode)}`);
  return [`proxy mode ${mode} is not implemented, using nftables instead`];
}

/** `0.0.0.0:10256`, `[::]:10256` or a port of 0 to turn it off. */
function bindAddress(text: string, name: string): BindAddress | undefined {
  if (text === "") return undefined;
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (match === null) throw new ConfigError(`${name}: must be IP:port, got ${JSON.stringify(text)}`);
  const port = Number(match[3]);
  if (port > 65_535) throw new ConfigError(`${name}: must be between 0 and 65535, inclusive`);
  return port === 0 ? undefined : { host: match[1] ?? match[2] ?? "", port };
}
