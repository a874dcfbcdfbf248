import { parseQuantity } from "../../../apimachinery/index.ts";
import { pullPolicyFor } from "./image-tag.ts";
import { fillPodLevelResources } from "./pod-level-resources.ts";
import { fillServiceAccount } from "./service-account-alias.ts";
import type {
  Container,
  EphemeralContainerCommon,
  LimitRangeItem,
  Namespace,
  NodeSpec,
  NodeStatus,
  PersistentVolume,
  Pod,
  PodStatus,
  ReplicationController,
  Secret,
  Service,
  Volume,
  VolumeSource,
} from "./types.ts";

type ResourceList = Record<string, string>;

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = {
  Container: fillPullPolicy,
  EphemeralContainerCommon: fillPullPolicy,
  Volume: fillVolume,
  Pod: fillPod,
  PodSpec: fillServiceAccount,
  PodStatus: fillPodIps,
  Service: fillService,
  ReplicationController: fillReplicationController,
  Namespace: fillNamespace,
  NodeSpec: fillNodeSpec,
  NodeStatus: fillNodeStatus,
  LimitRangeItem: fillLimitRangeItem,
  PersistentVolume: fillPersistentVolume,
  Secret: fillSecret,
} as const;

/** `memory: 100u` and the like: upstream keeps no more than thousandths, rounded up. */
export function roundToMilli(list: ResourceList): void {
  for (const [name, quantity] of Object.entries(list)) {
    if (quantity.endsWith("u") || quantity.endsWith("n")) list[name] = parseQuantity(quantity).roundUp(-3).toString();
  }
}

function fillPullPolicy(container: Container | EphemeralContainerCommon): void {
  container.imagePullPolicy ??= pullPolicyFor(container.image ?? "");
}

function fillVolume(volume: Volume): void {
  if (volume.image !== undefined) volume.image.pullPolicy ??= pullPolicyFor(volume.image.reference ?? "");
  const { name: _, ...source } = volume;
  const sources: Record<string, unknown> = source satisfies VolumeSource;
  if (Object.values(sources).every((value) => value === undefined)) volume.emptyDir = {};
}

function fillPod(pod: Pod): void {
  const { spec } = pod;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  for (const { resources } of containers) {
    const { limits, requests } = resources ?? {};
    // An object that has its defaults already may be a shared, frozen one: nothing is written to it.
    const missing = Object.keys(limits ?? {}).some((name) => requests?.[name] === undefined);
    if (resources !== undefined && missing) resources.requests = { ...limits, ...requests };
  }
  fillPodLevelResources(spec);
  // Upstream's conversion: of pods, not of their templates.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  spec.enableServiceLinks ??= true;
  if (!spec.hostNetwork) return;
  for (const container of containers) {
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
  }
}

/** The old field for one address, which wins over the list, and the list say the same: upstream's conversion. */
function fillPodIps(status: PodStatus): void {
  const { podIP = "", podIPs = [] } = status;
  const first = podIPs[0]?.ip ?? "";
  if (podIP === first) return;
  if (podIP === "") status.podIP = first;
  else status.podIPs = [{ ip: podIP }];
}

const clientIpAffinitySeconds = 3 * 60 * 60;

function fillService(service: Service): void {
  const { spec } = service;
  fillSessionAffinity(service);
  for (const port of spec.ports ?? []) {
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
  }
  // What the facts default is filled in after this.
  const { type = "ClusterIP" } = spec;
  const isReachedFromOutside =
    type === "LoadBalancer" || type === "NodePort" || (type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0);
  if (isReachedFromOutside) spec.externalTrafficPolicy ??= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (spec.type !== "LoadBalancer") return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= "VIP";
}

function fillSessionAffinity({ spec }: Service): void {
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== "ClientIP" || spec.sessionAffinityConfig?.clientIP?.timeoutSeconds !== undefined) return;
  spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: clientIpAffinitySeconds } };
}

function fillReplicationController(controller: ReplicationController): void {
  const labels = controller.spec.template?.metadata?.labels;
  if (labels === undefined) return;
  if (isEmpty(controller.spec.selector)) controller.spec.selector = { ...labels };
  if (isEmpty(controller.metadata.labels)) controller.metadata.labels = { ...labels };
}

function fillNamespace({ metadata }: Namespace): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name };
}

/** Upstream's conversion: `podCIDR` is the first of `podCIDRs`, and decides where the two differ. */
function fillNodeSpec(spec: NodeSpec): void {
  const { podCIDR = "", podCIDRs: [first] = [] } = spec;
  if (podCIDR === "") {
    if (first !== undefined && first !== "") spec.podCIDR = first;
  } else if (podCIDR !== first) spec.podCIDRs = [podCIDR];
}

function fillNodeStatus(status: NodeStatus): void {
  if (status.capacity !== undefined) status.allocatable ??= { ...status.capacity };
}

function fillLimitRangeItem(item: LimitRangeItem): void {
  if (item.type !== "Container") return;
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
}

function fillPersistentVolume({ spec }: PersistentVolume): void {
  spec.persistentVolumeReclaimPolicy ??= "Retain";
  spec.volumeMode ??= "Filesystem";
}

/** Upstream's conversion: `stringData` is for writing only, and its values go into `data`. */
function fillSecret(secret: Secret): void {
  const { stringData } = secret;
  if (stringData === undefined) return;
  delete secret.stringData;
  const entries = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  if (entries.length > 0) secret.data = { ...secret.data, ...Object.fromEntries(entries) };
}

function isEmpty(map: Readonly<Record<string, string>> | undefined): boolean {
  return map === undefined || Object.keys(map).length === 0;
}
