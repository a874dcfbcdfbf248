import type { Disk } from "../../base/index.ts";
import {
  ConfigError,
  defaultConfiguration,
  FeatureGateError,
  Features,
  parseFlags,
  readConfiguration,
} from "../../component/index.ts";
import { type KubeletConfiguration, kubeletDefaults } from "../config.ts";
import { quantityValue } from "../quantity.ts";
import { type KubeletFile, kubeletConfigurationKind } from "./configuration.ts";
import { type KubeletFlags, kubeletFlags } from "./flags.ts";

/** A kubelet's command line and configuration file, resolved. */
export interface KubeletSettings {
  /** Empty: static pods only. */
  readonly kubeconfig: string;
  readonly runtimeEndpoint: string;
  readonly verbosity: number;
  /** `undefined` means: the host's name. */
  readonly nodeName: string | undefined;
  readonly configuration: Omit<Partial<KubeletConfiguration>, "nodeName">;
  readonly features: Features;
  /** All flags, as they are in effect. */
  readonly flags: KubeletFlags;
  /** To be told to the user. */
  readonly warnings: readonly string[];
}

type Given = (name: keyof KubeletFlags) => boolean;

/** Throws a `FlagError`, `HelpRequested` or `ConfigError`. */
export async function readKubeletSettings(disk: Disk, args: readonly string[]): Promise<KubeletSettings> {
  const { values, given, warnings, positional } = parseFlags(kubeletFlags, args);
  if (positional.length > 0) throw new ConfigError(`unknown command ${positional.join(" ")}`);
  const file =
    values.config === ""
      ? defaultConfiguration(kubeletConfigurationKind)
      : await readConfiguration(disk, values.config, kubeletConfigurationKind);
  const has: Given = (name) => given.has(name);
  const driver = has("cgroup-driver") ? values["cgroup-driver"] : file.cgroupDriver;
  return {
    kubeconfig: values.kubeconfig,
    runtimeEndpoint: values["container-runtime-endpoint"] || file.containerRuntimeEndpoint,
    verbosity: values.v,
    nodeName: values["hostname-override"].trim().toLowerCase() || undefined,
    configuration: {
      ...fromFile(file),
      ...fromFlags(values, has),
      ...(await secrets(disk, file, values)),
      ...identity(values),
    },
    flags: values,
    features: featuresOf({ ...file.featureGates, ...values["feature-gates"] }),
    warnings: [
      ...warnings,
      ...(driver === "cgroupfs" ? [] : [`cgroup driver ${driver} is not implemented, using cgroupfs instead`]),
    ],
  };
}

function featuresOf(gates: Readonly<Record<string, boolean>>): Features {
  try {
    return new Features(gates);
  } catch (error) {
    if (!(error instanceof FeatureGateError)) throw error;
    throw new ConfigError(`failed to set feature gates from initial flags-based config: ${error.message}`);
  }
}

function fromFile(file: KubeletFile): Partial<KubeletConfiguration> {
  return {
    enableServer: file.enableServer,
    staticPodPath: file.staticPodPath,
    podLogsDirectory: file.podLogsDir,
    syncFrequencyMs: file.syncFrequency,
    address: file.address,
    port: file.port,
    clusterDomain: file.clusterDomain || kubeletDefaults.clusterDomain,
    clusterDns: file.clusterDNS,
    nodeStatusUpdateFrequencyMs: file.nodeStatusUpdateFrequency,
    nodeStatusReportFrequencyMs: file.nodeStatusReportFrequency,
    nodeLeaseDurationSeconds: file.nodeLeaseDurationSeconds,
    nodeStatusMaxImages: file.nodeStatusMaxImages,
    imageMinimumGcAgeMs: file.imageMinimumGCAge,
    imageGcHighThresholdPercent: file.imageGCHighThresholdPercent,
    imageGcLowThresholdPercent: file.imageGCLowThresholdPercent,
    cgroupRoot: file.cgroupRoot || "/",
    maxPods: file.maxPods,
    podPidsLimit: file.podPidsLimit,
    resolvConf: file.resolvConf,
    cpuCfsQuota: file.cpuCFSQuota,
    seccompDefault: file.seccompDefault,
    maxParallelImagePulls:
      file.maxParallelImagePulls ?? (file.serializeImagePulls ? 1 : kubeletDefaults.maxParallelImagePulls),
    evictionHard: evictionHard(file),
    evictionPressureTransitionMs: file.evictionPressureTransitionPeriod,
    containerLogMaxBytes: quantityValue(file.containerLogMaxSize),
    containerLogMaxFiles: file.containerLogMaxFiles,
    systemReserved: file.systemReserved,
    kubeReserved: file.kubeReserved,
    providerId: file.providerID,
    registerNode: file.registerNode,
    registerWithTaints: file.registerWithTaints,
    authorization: authorizationMode(file.authorization.mode),
  };
}

/** Thresholds that are given take the place of all defaults, unless they are to be merged. */
function evictionHard(file: KubeletFile): Readonly<Record<string, string>> {
  if (Object.keys(file.evictionHard).length === 0) return kubeletDefaults.evictionHard;
  return file.mergeDefaultEvictionSettings
    ? { ...kubeletDefaults.evictionHard, ...file.evictionHard }
    : file.evictionHard;
}

function fromFlags(values: KubeletFlags, has: Given): Partial<KubeletConfiguration> {
  return {
    ...(has("pod-manifest-path") ? { staticPodPath: values["pod-manifest-path"] } : {}),
    ...(has("address") ? { address: values.address } : {}),
    ...(has("port") ? { port: values.port } : {}),
    ...(has("cluster-dns") ? { clusterDns: values["cluster-dns"] } : {}),
    ...(has("cluster-domain") ? { clusterDomain: values["cluster-domain"] } : {}),
    ...(has("resolv-conf") ? { resolvConf: values["resolv-conf"] } : {}),
    ...(has("cgroup-root") ? { cgroupRoot: values["cgroup-root"] } : {}),
    ...(has("max-pods") ? { maxPods: values["max-pods"] } : {}),
    ...(has("authorization-mode") ? { authorization: authorizationMode(values["authorization-mode"]) } : {}),
    ...(has("register-node") ? { registerNode: values["register-node"] } : {}),
    ...(has("register-with-taints") ? { registerWithTaints: values["register-with-taints"].map(parseTaint) } : {}),
    ...(has("eviction-hard") ? { evictionHard: parseThresholds(values["eviction-hard"]) } : {}),
    ...(has("system-reserved") ? { systemReserved: values["system-reserved"] } : {}),
    ...(has("kube-reserved") ? { kubeReserved: values["kube-reserved"] } : {}),
  };
}

function identity(values: KubeletFlags): Partial<KubeletConfiguration> {
  return {
    rootDirectory: values["root-dir"],
    nodeIps: values["node-ip"],
    nodeLabels: values["node-labels"],
    cloudProviderExternal: values["cloud-provider"] === "external",
    ...(values["provider-id"] === "" ? {} : { providerId: values["provider-id"] }),
  };
}

async function secrets(disk: Disk, file: KubeletFile, values: KubeletFlags): Promise<Partial<KubeletConfiguration>> {
  const read = async (path: string): Promise<string | undefined> => (path === "" ? undefined : disk.readText(path));
  const { x509, webhook, anonymous } = file.authentication;
  return {
    authentication: {
      anonymous: values["anonymous-auth"] || anonymous.enabled,
      webhook: values["authentication-token-webhook"] || webhook.enabled,
      clientCa: await read(values["client-ca-file"] || x509.clientCAFile),
    },
    tlsCertificate: await read(values["tls-cert-file"] || file.tlsCertFile),
    tlsPrivateKey: await read(values["tls-private-key-file"] || file.tlsPrivateKeyFile),
  };
}

function authorizationMode(mode: string): "AlwaysAllow" | "Webhook" {
  if (mode === "AlwaysAllow" || mode === "Webhook") return mode;
  throw new ConfigError(`authorization.mode: unknown authorization mode ${JSON.stringify(mode)}`);
}

function parseTaint(text: string): { readonly key: string; readonly value: string; readonly effect: string } {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
  if (match === null) throw new ConfigError(`invalid taint spec: ${text}`);
  return { key: match[1] ?? "", value: match[2] ?? "", effect: match[3] ?? "" };
}

function parseThresholds(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of text.split(",").filter((one) => one !== "")) {
    const [signal, value] = part.split("<");
    if (!signal || !value)
      throw new ConfigError(`invalid eviction threshold syntax ${part}, expected <signal><operator><value>`);
    found[signal] = value;
  }
  return found;
}
