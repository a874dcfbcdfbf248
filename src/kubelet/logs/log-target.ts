import type { ContainerStatus, Pod } from "../types.ts";
import { allContainers } from "../runtime/sandbox-config.ts";

/** A log that cannot be had, with the HTTP status that says so. */
export class LogError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "LogError";
    this.status = status;
  }
}

/** The id of the container whose log was asked for. Throws a `LogError` in upstream's words. */
export function logContainerId(pod: Pod, container: string, previous: boolean): string {
  const name = pod.metadata.name ?? "";
  if (!allContainers(pod).some((one) => one.name === container)) {
    throw new LogError(404, `container "${container}" not found in pod "${name}"`);
  }
  const statuses: readonly ContainerStatus[] = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.ephemeralContainerStatuses ?? []),
  ];
  const status = statuses.find((one) => one.name === container);
  if (status === undefined) throw new LogError(400, `container "${container}" in pod "${name}" is not available`);
  return bare(pick(status, name, previous));
}

function pick(status: ContainerStatus, pod: string, previous: boolean): string {
  const { state, lastState, containerID } = status;
  const where = `container "${status.name}" in pod "${pod}"`;
  const lastId = lastState?.terminated?.containerID;
  if (previous) {
    if (!lastId) throw new LogError(400, `previous terminated container "${status.name}" in pod "${pod}" not found`);
    return lastId;
  }
  if (state?.running && containerID) return containerID;
  if (state?.terminated) {
    const id = state.terminated.containerID || lastId;
    if (!id) throw new LogError(400, `${where} is terminated`);
    return id;
  }
  if (lastId) return lastId;
  const reason = state?.waiting?.reason;
  if (reason === "ErrImagePull") throw new LogError(400, `${where} is waiting to start: image can't be pulled`);
  if (reason === "ImagePullBackOff")
    throw new LogError(400, `${where} is waiting to start: trying and failing to pull image`);
  if (reason !== undefined) throw new LogError(400, `${where} is waiting to start: ${reason}`);
  throw new LogError(400, `${where} is waiting to start - no logs yet`);
}

/** Without the `containerd://` in front. */
export function bare(containerId: string): string {
  return containerId.slice(containerId.indexOf("://") + (containerId.includes("://") ? 3 : 1));
}
