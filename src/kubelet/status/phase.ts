import { anyStarted } from "./started.ts";
import { isRestartableInit } from "../runtime/restart-policy.ts";
import type { ContainerStatus, Pod } from "../types.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

interface Counts {
  unknown: number;
  waiting: number;
  running: number;
  stopped: number;
  succeeded: number;
}

/** The pod's phase, from the statuses of its containers. `ended`: nothing of it runs or will run again. */
export function podPhase(
  pod: Pod,
  init: readonly ContainerStatus[],
  regular: readonly ContainerStatus[],
  ended: boolean,
): PodPhase {
  const restartPolicy = pod.spec?.restartPolicy ?? "Always";
  const initialization = initializationOf(pod, init);
  const counts = count(pod, regular);
  if (initialization === "failed" && restartPolicy === "Never") return "Failed";
  if (initialization !== "done" && !anyStarted(regular)) return "Pending";
  if (counts.waiting > 0) return "Pending";
  if (counts.running > 0 && counts.unknown === 0) return "Running";
  if (counts.running > 0 || counts.stopped === 0 || counts.unknown > 0) return "Pending";
  return allStopped(restartPolicy, counts, ended, sidecarRuns(pod, init));
}

function allStopped(restartPolicy: string, counts: Counts, ended: boolean, sidecars: boolean): PodPhase {
  if (!ended && sidecars) return "Running";
  if (ended || restartPolicy !== "Always") {
    if (counts.stopped === counts.succeeded) return "Succeeded";
    if (ended || restartPolicy === "Never") return "Failed";
  }
  return "Running";
}

function sidecarRuns(pod: Pod, init: readonly ContainerStatus[]): boolean {
  return (pod.spec?.initContainers ?? []).some(
    (container) =>
      isRestartableInit(container) && init.some((status) => status.name === container.name && status.state?.running),
  );
}

function initializationOf(pod: Pod, init: readonly ContainerStatus[]): "done" | "pending" | "failed" {
  let pending = false;
  for (const container of pod.spec?.initContainers ?? []) {
    const status = init.find((candidate) => candidate.name === container.name);
    if (isRestartableInit(container)) {
      if (status?.started !== true && status?.state?.terminated === undefined) pending = true;
      continue;
    }
    const terminated = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
    if (terminated !== undefined && terminated.exitCode !== 0) return "failed";
    if (status?.state?.terminated?.exitCode !== 0) pending = true;
  }
  return pending ? "pending" : "done";
}

function count(pod: Pod, statuses: readonly ContainerStatus[]): Counts {
  const counts: Counts = { unknown: 0, waiting: 0, running: 0, stopped: 0, succeeded: 0 };
  for (const container of pod.spec?.containers ?? []) {
    const status = statuses.find((candidate) => candidate.name === container.name);
    if (status === undefined) counts.unknown++;
    else if (status.state?.running) counts.running++;
    else if (status.state?.terminated) {
      counts.stopped++;
      if (status.state.terminated.exitCode === 0) counts.succeeded++;
    } else if (status.state?.waiting) {
      if (status.lastState?.terminated) counts.stopped++;
      else counts.waiting++;
    } else counts.unknown++;
  }
  return counts;
}
