import { isRestartableInit, shouldStart } from "../runtime/restart-policy.ts";
import type { RuntimeContainer, RuntimePod } from "../runtime/view.ts";
import { rfc3339 } from "../time.ts";
import type { Container, ContainerState, ContainerStatus, Pod, PodStatus, ResourceRequirements } from "../types.ts";

/** Why a container is not running, as far as the last attempt told: `ErrImagePull`, `CrashLoopBackOff`… */
export interface WaitReason {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerStatusInput {
  readonly pod: Pod;
  readonly view: RuntimePod;
  /** The status last written, or the one the API server had when the kubelet started. */
  readonly previous: PodStatus | undefined;
  /** The pod has ended: containers that cannot be found any more ended in a way nobody saw. */
  readonly ended: boolean;
  readonly waitReason: (containerName: string) => WaitReason | undefined;
  /** The readiness verdict for a running container; undefined without a readiness probe. */
  readonly ready: (containerId: string) => boolean | undefined;
  /** The startup verdict for a running container; undefined without a startup probe. */
  readonly started: (containerId: string) => boolean | undefined;
  readonly runtimeName: string;
  /** What a running container was given, where that is not what the pod asks for now. */
  readonly given?: (containerId: string) => ResourceRequirements | undefined;
}

export interface ContainerStatuses {
  readonly init: ContainerStatus[];
  readonly regular: ContainerStatus[];
  readonly ephemeral: ContainerStatus[];
}

export function containerStatuses(input: ContainerStatusInput): ContainerStatuses {
  const { pod, previous } = input;
  const init = pod.spec?.initContainers ?? [];
  const waiting = init.length > 0 ? "PodInitializing" : "ContainerCreating";
  const build = (kind: Kind, container: Container, olds: readonly ContainerStatus[] | undefined): ContainerStatus =>
    one(
      input,
      kind,
      container,
      olds?.find((old) => old.name === container.name),
      waiting,
    );
  return {
    init: init.map((container) => build("init", container, previous?.initContainerStatuses)),
    regular: byName(
      (pod.spec?.containers ?? []).map((container) => build("regular", container, previous?.containerStatuses)),
    ),
    ephemeral: byName(
      (pod.spec?.ephemeralContainers ?? []).map((container) =>
        build("ephemeral", container as Container, previous?.ephemeralContainerStatuses),
      ),
    ),
  };
}

type Kind = "init" | "regular" | "ephemeral";

function byName(statuses: ContainerStatus[]): ContainerStatus[] {
  return statuses.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function one(
  input: ContainerStatusInput,
  kind: Kind,
  container: Container,
  old: ContainerStatus | undefined,
  waiting: string,
): ContainerStatus {
  const found = input.view.containers.filter((candidate) => candidate.name === container.name);
  const [current, before] = found;
  const status =
    current === undefined
      ? notFound(input, container, old, waiting)
      : fromRuntime(input, container, current, before, old);
  applyWaitReason(input, kind, container, current, status);
  setReadiness(input, kind, container, current, status);
  describeUse(container, current, status, current === undefined ? undefined : input.given?.(current.id));
  return status;
}

function base(container: Container): ContainerStatus {
  return {
    name: container.name,
    state: {},
    lastState: {},
    ready: false,
    restartCount: 0,
    image: container.image ?? "",
    imageID: "",
  };
}

/** The runtime does not know the container: not made yet, or removed behind our back. */
function notFound(
  input: ContainerStatusInput,
  container: Container,
  old: ContainerStatus | undefined,
  waiting: string,
): ContainerStatus {
  const status = base(container);
  if (old === undefined) {
    status.state = { waiting: { reason: waiting } };
    return status;
  }
  status.restartCount = old.restartCount ?? 0;
  if (old.lastState !== undefined) status.lastState = old.lastState;
  if (old.state?.terminated) {
    status.state = old.state;
    status.image = old.image;
    status.imageID = old.imageID;
    if (old.containerID !== undefined) status.containerID = old.containerID;
    return status;
  }
  if (old.state?.running || (input.ended && old.containerID)) return lost(status, old, input.ended, waiting);
  status.state = { waiting: old.state?.waiting?.reason ? { ...old.state.waiting } : { reason: waiting } };
  return status;
}

function lost(status: ContainerStatus, old: ContainerStatus, ended: boolean, waiting: string): ContainerStatus {
  const terminated = {
    exitCode: 137,
    reason: "ContainerStatusUnknown",
    message: ended
      ? "The container could not be located when the pod was terminated"
      : "The container could not be located when the pod was deleted.  The container used to be Running",
    ...(old.containerID === undefined ? {} : { containerID: old.containerID }),
  };
  if (ended) {
    status.state = { terminated };
    return status;
  }
  status.state = { waiting: { reason: waiting } };
  status.lastState = { terminated };
  status.restartCount++;
  return status;
}

function fromRuntime(
  input: ContainerStatusInput,
  container: Container,
  current: RuntimeContainer,
  before: RuntimeContainer | undefined,
  old: ContainerStatus | undefined,
): ContainerStatus {
  const status = base(container);
  status.restartCount = current.restartCount;
  status.image = current.image || (container.image ?? "");
  status.imageID = current.imageRef;
  status.containerID = `${input.runtimeName}://${current.id}`;
  status.state = stateOf(input.runtimeName, current);
  if (before?.state === "exited") status.lastState = stateOf(input.runtimeName, before);
  else if (old?.lastState?.terminated && old.containerID === status.containerID) status.lastState = old.lastState;
  else if (old?.state?.terminated && old.containerID !== status.containerID) status.lastState = old.state;
  return status;
}

function stateOf(runtimeName: string, container: RuntimeContainer): ContainerState {
  switch (container.state) {
    case "created":
      return { waiting: {} };
    case "running":
      return { running: { startedAt: rfc3339(container.startedAtMs ?? container.createdAtMs) } };
    case "exited":
      return { terminated: terminatedOf(runtimeName, container) };
    case "unknown":
      return { waiting: { reason: "ContainerStatusUnknown" } };
  }
}

function terminatedOf(runtimeName: string, container: RuntimeContainer): NonNullable<ContainerState["terminated"]> {
  return {
    exitCode: container.exitCode,
    ...(container.reason === "" ? {} : { reason: container.reason }),
    ...(container.message === "" ? {} : { message: container.message }),
    startedAt: container.startedAtMs === undefined ? rfc3339(0) : rfc3339(container.startedAtMs),
    finishedAt: container.finishedAtMs === undefined ? rfc3339(0) : rfc3339(container.finishedAtMs),
    containerID: `${runtimeName}://${container.id}`,
  };
}

/** A container that is to be started (again) but could not be yet waits, and what it was goes to `lastState`. */
function applyWaitReason(
  input: ContainerStatusInput,
  kind: Kind,
  container: Container,
  current: RuntimeContainer | undefined,
  status: ContainerStatus,
): void {
  if (input.ended || current?.state === "running") return;
  const reason = input.waitReason(container.name);
  if (reason === undefined) return;
  if (kind === "regular" && !shouldStart(input.pod, container, current)) return;
  if (kind !== "regular" && current?.state === "exited" && current.exitCode === 0 && !isRestartableInit(container))
    return;
  if (status.state?.terminated) status.lastState = status.state;
  status.state = { waiting: { reason: reason.reason, ...(reason.message === "" ? {} : { message: reason.message }) } };
}

function setReadiness(
  input: ContainerStatusInput,
  kind: Kind,
  container: Container,
  current: RuntimeContainer | undefined,
  status: ContainerStatus,
): void {
  if (kind === "ephemeral") return;
  const running = current?.state === "running" && status.state?.running !== undefined;
  const startup = running && container.startupProbe !== undefined ? (input.started(current.id) ?? false) : running;
  status.started = startup;
  if (kind === "init" && !isRestartableInit(container)) {
    status.ready = status.state?.terminated?.exitCode === 0;
    return;
  }
  const probed = running && container.readinessProbe !== undefined ? (input.ready(current.id) ?? false) : running;
  status.ready = running && startup && probed;
}

/** What a container was given, or is to be given when it runs again: resources, mounts and user. */
function describeUse(
  container: Container,
  current: RuntimeContainer | undefined,
  status: ContainerStatus,
  given: ResourceRequirements | undefined,
): void {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length > 0) {
    status.volumeMounts = mounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly === true ? { readOnly: true, recursiveReadOnly: "Disabled" } : {}),
    }));
  }
  if (current === undefined) return;
  const { requests, limits } = (current.state === "running" ? given : undefined) ?? container.resources ?? {};
  if (requests !== undefined) status.allocatedResources = { ...requests };
  status.resources = {
    ...(limits === undefined ? {} : { limits: { ...limits } }),
    ...(requests === undefined ? {} : { requests: { ...requests } }),
  };
  if (current.user !== undefined) {
    status.user = {
      linux: { uid: current.user.uid, gid: current.user.gid, supplementalGroups: [...current.user.supplementalGroups] },
    };
  }
}
