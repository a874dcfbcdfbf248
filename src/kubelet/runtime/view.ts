import type { Response } from "../../cri/index.ts";
import { annotations, labels } from "./labels.ts";

export type ContainerStateName = "created" | "running" | "exited" | "unknown";

/** A container as the runtime knows it. */
export interface RuntimeContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: ContainerStateName;
  /** Also the number of times that this container of the pod was restarted before. */
  readonly restartCount: number;
  readonly hash: string;
  readonly image: string;
  readonly imageRef: string;
  readonly imageId: string;
  readonly createdAtMs: number;
  /** Undefined when it never ran. */
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  readonly exitCode: number;
  readonly reason: string;
  /** The termination message, or the runtime's own words on why it could not start. */
  readonly message: string;
  readonly logPath: string;
  readonly user: ContainerUser | undefined;
}

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly supplementalGroups: readonly number[];
}

export interface RuntimeSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAtMs: number;
  readonly hostNetwork: boolean;
  readonly ips: readonly string[];
}

/** All that the runtime holds of one pod, newest first. */
export interface RuntimePod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly sandboxes: readonly RuntimeSandbox[];
  readonly containers: readonly RuntimeContainer[];
}

/** The latest incarnation of a container. */
export function latest(view: RuntimePod, name: string): RuntimeContainer | undefined {
  return view.containers.find((container) => container.name === name);
}

/** Whether anything of the pod may still run: containers, or a sandbox that is ready. */
export function isAlive(view: RuntimePod): boolean {
  return view.sandboxes.some((sandbox) => sandbox.ready) || view.containers.some(mayRun);
}

export function mayRun(container: RuntimeContainer): boolean {
  return container.state === "running" || container.state === "unknown" || container.state === "created";
}

const stateNames: Readonly<Record<string, ContainerStateName>> = {
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "exited",
};

export function containerStateName(state: string): ContainerStateName {
  return stateNames[state] ?? "unknown";
}

type CriContainerStatus = NonNullable<Response<"ContainerStatusResponse">["status"]>;

export function toRuntimeContainer(
  status: CriContainerStatus,
  sandboxId: string,
  terminationMessage: string | undefined,
): RuntimeContainer {
  const state = containerStateName(status.state);
  return {
    id: status.id,
    name: status.metadata?.name ?? status.labels[labels.containerName] ?? "",
    sandboxId,
    state,
    restartCount: Number(status.annotations[annotations.restartCount] ?? status.metadata?.attempt ?? 0),
    hash: status.annotations[annotations.hash] ?? "",
    image: status.image?.userSpecifiedImage || status.image?.image || "",
    imageRef: status.imageRef,
    imageId: status.imageId,
    createdAtMs: status.createdAt / 1e6,
    startedAtMs: status.startedAt > 0 ? status.startedAt / 1e6 : undefined,
    finishedAtMs: status.finishedAt > 0 ? status.finishedAt / 1e6 : undefined,
    exitCode: status.exitCode,
    reason: status.reason,
    message: terminationMessage ?? status.message,
    logPath: status.logPath,
    user: userOf(status),
  };
}

function userOf(status: CriContainerStatus): ContainerUser | undefined {
  const user = status.user?.linux;
  if (!user) return undefined;
  return { uid: user.uid, gid: user.gid, supplementalGroups: user.supplementalGroups };
}

type CriSandboxStatus = NonNullable<Response<"PodSandboxStatusResponse">["status"]>;

export function toRuntimeSandbox(status: CriSandboxStatus): RuntimeSandbox {
  const network = status.network;
  const first = network?.ip ? [network.ip] : [];
  return {
    id: status.id,
    attempt: status.metadata?.attempt ?? 0,
    ready: status.state === "SANDBOX_READY",
    createdAtMs: status.createdAt / 1e6,
    hostNetwork: status.linux?.namespaces?.options?.network === "NODE",
    ips: [...first, ...(network?.additionalIps ?? []).map((extra) => extra.ip)],
  };
}
