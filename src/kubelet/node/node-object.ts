import { rfc3339 } from "../time.ts";
import type { Node, NodeCondition, NodeStatus } from "../types.ts";
import type { Machine } from "./machine.ts";
import type { Resources } from "./resources.ts";

export const kubeletVersion = "v1.36.0";

export interface NodeImage {
  readonly names: readonly string[];
  readonly sizeBytes: number;
}

/** What the runtime says about its handlers. */
export interface RuntimeHandlerFacts {
  readonly name: string;
  readonly recursiveReadOnlyMounts: boolean;
  readonly userNamespaces: boolean;
}

export interface NodeStatusInput {
  readonly nodeName: string;
  readonly hostname: string;
  readonly hostIps: readonly string[];
  readonly port: number;
  readonly machine: Machine;
  readonly resources: Resources;
  readonly runtimeVersion: string;
  readonly images: readonly NodeImage[];
  readonly handlers: readonly RuntimeHandlerFacts[];
  readonly supplementalGroupsPolicy: boolean;
  readonly volumesInUse: readonly string[];
  /** Why the node is not ready; empty when it is. */
  readonly problems: readonly string[];
  readonly pressure: { readonly memory: boolean; readonly disk: boolean; readonly pid: boolean };
  readonly previous: NodeStatus | undefined;
  readonly nowMs: number;
  /** A cloud provider fills in the addresses. */
  readonly externalCloud: boolean;
}

/** The whole status of the node, as upstream's kubelet writes it. */
export function nodeStatus(input: NodeStatusInput): NodeStatus {
  const { machine, resources, previous } = input;
  return {
    ...previous,
    capacity: { ...keptExtended(previous?.capacity), ...resources.capacity },
    allocatable: { ...keptExtended(previous?.allocatable), ...resources.allocatable },
    conditions: mergeConditions(previous?.conditions ?? [], conditionsOf(input)),
    addresses: input.externalCloud && previous?.addresses?.length ? previous.addresses : addressesOf(input),
    daemonEndpoints: { kubeletEndpoint: { Port: input.port } },
    nodeInfo: {
      machineID: machine.machineId,
      systemUUID: machine.systemUuid,
      bootID: machine.bootId,
      kernelVersion: machine.kernelVersion,
      osImage: machine.osImage,
      containerRuntimeVersion: input.runtimeVersion,
      kubeletVersion,
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: machine.architecture,
    },
    images: input.images.map(({ names, sizeBytes }) => ({ names: [...names], sizeBytes })),
    ...(input.volumesInUse.length === 0 ? {} : { volumesInUse: [...input.volumesInUse] }),
    runtimeHandlers: input.handlers.map(({ name, recursiveReadOnlyMounts, userNamespaces }) => ({
      name,
      features: { recursiveReadOnlyMounts, userNamespaces },
    })),
    features: { supplementalGroupsPolicy: input.supplementalGroupsPolicy },
  } as NodeStatus;
}

type Quantities = Readonly<Record<string, string>>;

/** Extended resources are set by others. */
function keptExtended(before: Quantities | undefined): Quantities {
  return Object.fromEntries(Object.entries(before ?? {}).filter(([name]) => name.includes("/")));
}

function addressesOf({ hostIps, hostname }: NodeStatusInput): { type: string; address: string }[] {
  return [...hostIps.map((address) => ({ type: "InternalIP", address })), { type: "Hostname", address: hostname }];
}

type Draft = Pick<NodeCondition, "type" | "status" | "reason" | "message">;

function conditionsOf({ problems, pressure, previous, nowMs }: NodeStatusInput): NodeCondition[] {
  const drafts: Draft[] = [
    pressure.memory
      ? {
          type: "MemoryPressure",
          status: "True",
          reason: "KubeletHasInsufficientMemory",
          message: "kubelet has insufficient memory available",
        }
      : {
          type: "MemoryPressure",
          status: "False",
          reason: "KubeletHasSufficientMemory",
          message: "kubelet has sufficient memory available",
        },
    pressure.disk
      ? { type: "DiskPressure", status: "True", reason: "KubeletHasDiskPressure", message: "kubelet has disk pressure" }
      : {
          type: "DiskPressure",
          status: "False",
          reason: "KubeletHasNoDiskPressure",
          message: "kubelet has no disk pressure",
        },
    pressure.pid
      ? {
          type: "PIDPressure",
          status: "True",
          reason: "KubeletHasInsufficientPID",
          message: "kubelet has insufficient PID available",
        }
      : {
          type: "PIDPressure",
          status: "False",
          reason: "KubeletHasSufficientPID",
          message: "kubelet has sufficient PID available",
        },
    problems.length === 0
      ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
      : { type: "Ready", status: "False", reason: "KubeletNotReady", message: problems.join(", ") },
  ];
  return drafts.map((draft) => {
    const before = previous?.conditions?.find((one) => one.type === draft.type);
    const lastTransitionTime =
      before?.status === draft.status && before.lastTransitionTime ? before.lastTransitionTime : rfc3339(nowMs);
    return {
      type: draft.type,
      status: draft.status,
      lastHeartbeatTime: rfc3339(nowMs),
      lastTransitionTime,
      reason: draft.reason,
      message: draft.message,
    };
  });
}

function mergeConditions(before: readonly NodeCondition[], own: readonly NodeCondition[]): NodeCondition[] {
  const foreign = before.filter((one) => !own.some((other) => other.type === one.type));
  return [...foreign, ...own];
}

export interface RegistrationInput {
  readonly nodeName: string;
  readonly hostname: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly unschedulable: boolean;
  readonly providerId: string;
}

/** The labels every node carries. */
export function defaultLabels(hostname: string, architecture: string): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": architecture,
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "kubernetes.io/hostname": hostname,
    "kubernetes.io/os": "linux",
  };
}

export function newNode(input: RegistrationInput, status: NodeStatus): Node {
  const { nodeName, hostname, architecture, labels, taints, unschedulable, providerId } = input;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: nodeName,
      labels: { ...defaultLabels(hostname, architecture), ...labels },
      annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: {
      ...(providerId === "" ? {} : { providerID: providerId }),
      ...(taints.length === 0 ? {} : { taints: taints.map((taint) => ({ ...taint })) }),
      ...(unschedulable ? { unschedulable } : {}),
    },
    status,
  } as Node;
}
