import type { EnumValue, Request } from "../../cri/index.ts";
import { podName, podNamespace, podUid } from "../pods/names.ts";
import type { Container, Pod, VolumeMount } from "../types.ts";
import { containerHash } from "./container-hash.ts";
import { expand } from "./expand.ts";
import { annotations, labels } from "./labels.ts";

export interface ContainerInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly restartCount: number;
  /** As the runtime names it. */
  readonly imageRef: string;
  /** The image as the pod writes it, with its default tag. */
  readonly image: string;
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly Request<"Mount">[];
  readonly devices: readonly Request<"Device">[];
  readonly resources: Request<"LinuxContainerResources">;
  readonly security: Request<"LinuxContainerSecurityContext">;
}

export function containerConfig(input: ContainerInput): Request<"ContainerConfig"> {
  const { pod, container, restartCount, env } = input;
  const expandAll = (words: readonly string[] | undefined): string[] =>
    (words ?? []).map((word) => expand(word, (name) => env.get(name)));
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: input.imageRef, userSpecifiedImage: input.image },
    command: expandAll(container.command),
    args: expandAll(container.args),
    workingDir: container.workingDir ?? "",
    envs: [...env].map(([key, value]) => ({ key, value })),
    mounts: input.mounts,
    devices: input.devices,
    labels: containerLabels(pod, container),
    annotations: containerAnnotations(pod, container, restartCount),
    logPath: `${container.name}/${restartCount}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: { resources: input.resources, securityContext: input.security },
    ...stopSignal(container),
  };
}

function stopSignal(container: Container): Pick<Request<"ContainerConfig">, "stopSignal"> {
  const wanted = container.lifecycle?.stopSignal;
  return wanted === undefined
    ? {}
    : { stopSignal: `SIGNAL_${wanted.replace("+", "PLUS").replace("-", "MINUS")}` as EnumValue<"Signal"> };
}

function containerLabels(pod: Pod, container: Container): Record<string, string> {
  return {
    [labels.podName]: podName(pod),
    [labels.podNamespace]: podNamespace(pod),
    [labels.podUid]: podUid(pod),
    [labels.containerName]: container.name,
  };
}

function containerAnnotations(pod: Pod, container: Container, restartCount: number): Record<string, string> {
  const grace = pod.spec?.terminationGracePeriodSeconds;
  const deletion = pod.metadata.deletionGracePeriodSeconds;
  const preStop = container.lifecycle?.preStop;
  return {
    [annotations.hash]: containerHash(container),
    [annotations.restartCount]: String(restartCount),
    [annotations.terminationMessagePath]: container.terminationMessagePath ?? "/dev/termination-log",
    [annotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? "File",
    ...(grace === undefined ? {} : { [annotations.podTerminationGracePeriod]: String(grace) }),
    ...(deletion === undefined ? {} : { [annotations.podDeletionGracePeriod]: String(deletion) }),
    ...(preStop === undefined ? {} : { [annotations.preStopHandler]: JSON.stringify(preStop) }),
    ...(container.ports?.length ? { [annotations.ports]: JSON.stringify(container.ports) } : {}),
  };
}

const propagations = {
  None: "PROPAGATION_PRIVATE",
  HostToContainer: "PROPAGATION_HOST_TO_CONTAINER",
  Bidirectional: "PROPAGATION_BIDIRECTIONAL",
} as const;

/** One volume mount as the runtime takes it. `hostPath` already includes the sub path. */
export function volumeMount(mount: VolumeMount, hostPath: string, readOnlyVolume: boolean): Request<"Mount"> {
  const propagation =
    propagations[(mount.mountPropagation ?? "None") as keyof typeof propagations] ?? propagations.None;
  return {
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
    hostPath,
    readonly: mount.readOnly === true || readOnlyVolume,
    propagation,
    recursiveReadOnly: mount.recursiveReadOnly === "Enabled",
  };
}
