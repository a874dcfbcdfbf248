import type { Container, Pod } from "../types.ts";
import { containerHash } from "./container-hash.ts";
import {
  anyRegularContainerCreated,
  hasSucceeded,
  isRestartableInit,
  podRestartPolicy,
  restartsAfterExit,
  shouldStart,
} from "./restart-policy.ts";
import { latest, type RuntimeContainer, type RuntimePod } from "./view.ts";

export type ProbeVerdict = "success" | "failure" | "unknown";
export type KillReason = "LivenessProbe" | "StartupProbe" | "Unknown" | "DefinitionChanged";

export interface KillContainer {
  readonly id: string;
  readonly name: string;
  /** The text of the Killing event. */
  readonly message: string;
  readonly reason: KillReason;
}

/** What has to be done in the runtime so that it comes to hold what the pod asks for. */
export interface PodActions {
  readonly killPod: boolean;
  readonly createSandbox: boolean;
  /** The sandbox to use, or the one that is to be replaced. */
  readonly sandboxId: string | undefined;
  readonly attempt: number;
  /** By name, in order. */
  readonly initContainersToStart: readonly string[];
  readonly containersToStart: readonly string[];
  readonly ephemeralContainersToStart: readonly string[];
  readonly containersToKill: readonly KillContainer[];
}

/** Verdicts of the probes, by container id; undefined when there is none. */
export interface ProbeVerdicts {
  liveness(containerId: string): ProbeVerdict | undefined;
  startup(containerId: string): ProbeVerdict | undefined;
}

interface Draft {
  killPod: boolean;
  createSandbox: boolean;
  sandboxId: string | undefined;
  attempt: number;
  initContainersToStart: string[];
  containersToStart: string[];
  ephemeralContainersToStart: string[];
  containersToKill: KillContainer[];
}

/** Pure: compares the pod with what the runtime holds of it. */
export function computePodActions(pod: Pod, view: RuntimePod, probes: ProbeVerdicts): PodActions {
  const sandbox = sandboxDecision(pod, view);
  const draft: Draft = {
    killPod: sandbox.create,
    createSandbox: sandbox.create,
    sandboxId: sandbox.id,
    attempt: sandbox.attempt,
    initContainersToStart: [],
    containersToStart: [],
    ephemeralContainersToStart: [],
    containersToKill: [],
  };
  if (sandbox.create) return startFromScratch(pod, view, draft);
  for (const container of pod.spec?.ephemeralContainers ?? []) {
    if (latest(view, container.name) === undefined) draft.ephemeralContainersToStart.push(container.name);
  }
  if (!initContainers(pod, activeView(view), probes, draft)) return draft;
  regularContainers(pod, view, probes, draft);
  return draft;
}

interface SandboxDecision {
  readonly create: boolean;
  readonly attempt: number;
  readonly id: string | undefined;
}

/** Whether the pod needs a new sandbox: none, several ready, the newest not ready, without address or network changed. */
export function sandboxDecision(pod: Pod, view: RuntimePod): SandboxDecision {
  const newest = view.sandboxes[0];
  if (newest === undefined) return { create: true, attempt: 0, id: undefined };
  const replace = { create: true, attempt: newest.attempt + 1, id: newest.id };
  if (view.sandboxes.filter((sandbox) => sandbox.ready).length > 1 || !newest.ready) return replace;
  const hostNetwork = pod.spec?.hostNetwork === true;
  if (newest.hostNetwork !== hostNetwork) return { ...replace, id: undefined };
  if (!hostNetwork && newest.ips.length === 0) return replace;
  return { create: false, attempt: newest.attempt, id: newest.id };
}

function startFromScratch(pod: Pod, view: RuntimePod, draft: Draft): PodActions {
  const regular = pod.spec?.containers ?? [];
  const neverRestarts = podRestartPolicy(pod) === "Never" && regular.every((container) => !container.restartPolicy);
  if (neverRestarts && draft.attempt !== 0 && view.containers.length > 0) {
    draft.createSandbox = false;
    return draft;
  }
  const toStart = regular.filter((container) => {
    const status = latest(view, container.name);
    const done = status?.state === "exited" && !restartsAfterExit(pod, container, status.exitCode);
    return !done && !(podRestartPolicy(pod) === "OnFailure" && hasSucceeded(view, container.name));
  });
  if (toStart.length === 0 && anyRegularContainerCreated(pod, view)) {
    draft.createSandbox = false;
    return draft;
  }
  const first = pod.spec?.initContainers?.[0];
  if (first !== undefined) draft.initContainersToStart.push(first.name);
  else draft.containersToStart.push(...toStart.map((container) => container.name));
  return draft;
}

/** What belongs to the newest sandbox: init containers run again in a new one. */
function activeView(view: RuntimePod): RuntimePod {
  const active = view.sandboxes[0]?.id;
  return { ...view, containers: view.containers.filter((container) => container.sandboxId === active) };
}

/** Returns whether initialization is complete, so that regular containers may start. */
function initContainers(pod: Pod, view: RuntimePod, probes: ProbeVerdicts, draft: Draft): boolean {
  const containers = pod.spec?.initContainers ?? [];
  const initialized = anyRegularContainerCreated(pod, view);
  let blocked = false;
  for (const container of containers) {
    const status = latest(view, container.name);
    if (!isRestartableInit(container)) {
      if (initialized) continue;
      const outcome = ordinaryInit(pod, container, status, blocked, draft);
      if (outcome === "failed") return false;
      if (outcome === "wait") return false;
      continue;
    }
    if (status === undefined && blocked) return false;
    if (!sidecar(container, status, probes, draft)) blocked = true;
    if (blocked && !initialized && status === undefined) return false;
  }
  return initialized || !blocked;
}

function ordinaryInit(
  pod: Pod,
  container: Container,
  status: RuntimeContainer | undefined,
  blocked: boolean,
  draft: Draft,
): "done" | "wait" | "failed" {
  if (status === undefined) {
    if (!blocked) draft.initContainersToStart.push(container.name);
    return "wait";
  }
  if (status.state === "running") return "wait";
  if (status.state === "exited" && status.exitCode === 0) return "done";
  if (status.state === "exited" && !restartsAfterExit(pod, container, status.exitCode, true)) {
    draft.killPod = true;
    draft.initContainersToStart = [];
    return "failed";
  }
  if (status.state === "unknown") draft.containersToKill.push(killUnknown(status, "Init container"));
  draft.initContainersToStart.push(container.name);
  return "wait";
}

/** Returns whether the sidecar has started, so that what comes after it may. */
function sidecar(
  container: Container,
  status: RuntimeContainer | undefined,
  probes: ProbeVerdicts,
  draft: Draft,
): boolean {
  if (status === undefined || status.state === "exited" || status.state === "created") {
    draft.initContainersToStart.push(container.name);
    return false;
  }
  if (status.state === "unknown") {
    draft.containersToKill.push(killUnknown(status, "Init container"));
    draft.initContainersToStart.push(container.name);
    return false;
  }
  const kill = reasonToKill(container, status, probes, "Init container");
  if (kill !== undefined) {
    const message = `${kill.message}, will be restarted`;
    draft.containersToKill.push({ id: status.id, name: status.name, message, reason: kill.reason });
    draft.initContainersToStart.push(container.name);
    return false;
  }
  return container.startupProbe === undefined || probes.startup(status.id) === "success";
}

function regularContainers(pod: Pod, view: RuntimePod, probes: ProbeVerdicts, draft: Draft): void {
  let kept = 0;
  for (const container of pod.spec?.containers ?? []) {
    const status = latest(view, container.name);
    if (status?.state !== "running") {
      if (!shouldStart(pod, container, status)) continue;
      draft.containersToStart.push(container.name);
      if (status?.state === "unknown") draft.containersToKill.push(killUnknown(status, "Container"));
      continue;
    }
    const kill = reasonToKill(container, status, probes, "Container");
    if (kill === undefined) {
      kept++;
      continue;
    }
    const restart = kill.reason === "DefinitionChanged" || restartsAfterExit(pod, container, 137);
    if (restart) draft.containersToStart.push(container.name);
    const message = restart ? `${kill.message}, will be restarted` : kill.message;
    draft.containersToKill.push({ id: status.id, name: status.name, message, reason: kill.reason });
  }
  if (kept > 0 || draft.containersToStart.length > 0) return;
  draft.killPod = true;
  draft.initContainersToStart = [];
}

function reasonToKill(
  container: Container,
  status: RuntimeContainer,
  probes: ProbeVerdicts,
  what: string,
): { readonly message: string; readonly reason: KillReason } | undefined {
  if (status.hash !== "" && status.hash !== containerHash(container)) {
    return { message: `${what} ${container.name} definition changed`, reason: "DefinitionChanged" };
  }
  if (probes.liveness(status.id) === "failure") {
    return { message: `${what} ${container.name} failed liveness probe`, reason: "LivenessProbe" };
  }
  if (probes.startup(status.id) === "failure") {
    return { message: `${what} ${container.name} failed startup probe`, reason: "StartupProbe" };
  }
  return undefined;
}

function killUnknown(status: RuntimeContainer, what: string): KillContainer {
  const message = `${what} is in "unknown" state, try killing it before restart`;
  return { id: status.id, name: status.name, message, reason: "Unknown" };
}
