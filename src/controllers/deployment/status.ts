import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { findCondition, timeOf, withoutCondition } from "../../reconcile/index.ts";
import { maxUnavailableOf, type Wanted } from "./arithmetic.ts";

const noProgressDeadline = 2 ** 31 - 1;

export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== noProgressDeadline;
}

export function newCondition(
  type: string,
  status: string,
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const time = formatTime(nowMs);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}

/** Nothing changes unless status or reason do. */
export function setCondition(
  conditions: readonly DeploymentCondition[] | undefined,
  condition: DeploymentCondition,
): DeploymentCondition[] {
  const current = findCondition(conditions, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return [...(conditions ?? [])];
  const lastTransitionTime =
    current?.status === condition.status ? current.lastTransitionTime : condition.lastTransitionTime;
  return [...withoutCondition(conditions, condition.type), { ...condition, lastTransitionTime }];
}

function sum(sets: readonly ReplicaSet[], valueOf: (set: ReplicaSet) => number | undefined): number {
  return sets.reduce((total, set) => total + (valueOf(set) ?? 0), 0);
}

/** The counts, and whether enough pods are available. */
export function deploymentStatus(
  deployment: Deployment,
  wanted: Wanted,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const { status: previous } = deployment;
  const available = sum(sets, (set) => set.status?.availableReplicas);
  const enough = available >= wanted.replicas - maxUnavailableOf(wanted);
  const condition = enough
    ? newCondition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", nowMs)
    : newCondition(
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
        nowMs,
      );
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: sum(sets, (set) => set.status?.replicas),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sum(sets, (set) => set.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(sets, (set) => set.spec.replicas) - available),
    terminatingReplicas: sum(sets, (set) => set.status?.terminatingReplicas),
    ...(previous?.collisionCount === undefined ? {} : { collisionCount: previous.collisionCount }),
    conditions: setCondition(previous?.conditions, condition),
  };
}

/** All pods are new, and all of them are there. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const replicas = deployment.spec.replicas ?? 1;
  return (
    status !== undefined &&
    (status.updatedReplicas ?? 0) === replicas &&
    (status.replicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function isProgressing(before: DeploymentStatus | undefined, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus | undefined): number =>
    (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  );
}

function isTimedOut(deployment: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const condition = findCondition(status.conditions, "Progressing");
  if (condition === undefined || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  const since = timeOf(condition.lastUpdateTime) ?? nowMs;
  return nowMs > since + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
}

/** The same status with what is known of the rollout's progress, and of failures to make pods. */
export function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  let conditions = status.conditions ?? [];
  const current = findCondition(deployment.status?.conditions, "Progressing");
  if (!hasProgressDeadline(deployment)) conditions = withoutCondition(conditions, "Progressing");
  const settled = status.replicas === status.updatedReplicas && current?.reason === "NewReplicaSetAvailable";
  if (hasProgressDeadline(deployment) && !settled) conditions = progressConditions(deployment, status, newSet, nowMs);
  const failures = replicaFailures(sets, newSet);
  const [failure] = failures;
  conditions =
    failure === undefined ? withoutCondition(conditions, "ReplicaFailure") : setCondition(conditions, failure);
  return { ...status, conditions };
}

function progressConditions(
  deployment: Deployment,
  status: DeploymentStatus,
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentCondition[] {
  const conditions = status.conditions ?? [];
  const subject =
    newSet === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`;
  const progressing = (value: string, reason: string, what: string): DeploymentCondition =>
    newCondition("Progressing", value, reason, `${subject} ${what}`, nowMs);
  if (isComplete(deployment, status)) {
    return setCondition(conditions, progressing("True", "NewReplicaSetAvailable", "has successfully progressed."));
  }
  if (isProgressing(deployment.status, status)) {
    const condition = progressing("True", "ReplicaSetUpdated", "is progressing.");
    const current = findCondition(deployment.status?.conditions, "Progressing");
    // The update time must move with every sign of progress: the deadline counts from it.
    if (current?.status === "True") condition.lastTransitionTime = current.lastTransitionTime;
    return [...withoutCondition(conditions, "Progressing"), condition];
  }
  if (isTimedOut(deployment, status, nowMs)) {
    return setCondition(conditions, progressing("False", "ProgressDeadlineExceeded", "has timed out progressing."));
  }
  return conditions;
}

function replicaFailures(sets: readonly ReplicaSet[], newSet: ReplicaSet | undefined): DeploymentCondition[] {
  const failuresOf = (set: ReplicaSet): DeploymentCondition[] =>
    (set.status?.conditions ?? [])
      .filter((condition) => condition.type === "ReplicaFailure")
      .map((condition) => ({ ...condition, lastUpdateTime: condition.lastTransitionTime }));
  const own = newSet === undefined ? [] : failuresOf(newSet);
  return own.length > 0 ? own : sets.flatMap(failuresOf);
}

/** When to look again for a rollout that may have got stuck; `undefined`: no need. */
export function stuckCheckAfterMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const condition = findCondition(deployment.status?.conditions, "Progressing");
  if (!hasProgressDeadline(deployment) || condition === undefined) return undefined;
  if (isComplete(deployment, status) || condition.reason === "ProgressDeadlineExceeded") return undefined;
  const since = timeOf(condition.lastUpdateTime) ?? nowMs;
  const left = since + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 - nowMs;
  return Math.max(left, 0) + 1000;
}
