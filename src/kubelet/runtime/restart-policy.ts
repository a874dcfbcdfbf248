import type { Container, Pod } from "../types.ts";
import { latest, type RuntimeContainer, type RuntimePod } from "./view.ts";

export type RestartPolicy = "Always" | "OnFailure" | "Never";

export function podRestartPolicy(pod: Pod): RestartPolicy {
  return (pod.spec?.restartPolicy as RestartPolicy | undefined) ?? "Always";
}

/** An init container that keeps running beside the others: a sidecar. */
export function isRestartableInit(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/**
 * Whether a container that ended runs again: its own rules first, then its own policy, then the pod's
 * (`restartPolicyRules`, beta since v1.35).
 */
export function restartsAfterExit(pod: Pod, container: Container, exitCode: number, isInit = false): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    if (rule.action === "Restart" && matchesExitCode(rule.exitCodes, exitCode)) return true;
  }
  const policy = (container.restartPolicy as RestartPolicy | undefined) ?? podRestartPolicy(pod);
  if (policy === "Never") return false;
  if (policy === "OnFailure" || (isInit && !isRestartableInit(container))) return exitCode !== 0;
  return true;
}

function matchesExitCode(
  wanted: { readonly operator?: string; readonly values?: readonly number[] } | undefined,
  exitCode: number,
): boolean {
  if (wanted === undefined) return false;
  const listed = (wanted.values ?? []).includes(exitCode);
  return wanted.operator === "NotIn" ? !listed : listed;
}

/** Whether a regular container has to be started (again). */
export function shouldStart(pod: Pod, container: Container, status: RuntimeContainer | undefined): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  if (status === undefined) return true;
  if (status.state === "running") return false;
  if (status.state === "exited") return restartsAfterExit(pod, container, status.exitCode);
  return true;
}

export function hasSucceeded(view: RuntimePod, name: string): boolean {
  const status = latest(view, name);
  return status?.state === "exited" && status.exitCode === 0;
}

/** Once a regular container was made, every init container must have done its work. */
export function anyRegularContainerCreated(pod: Pod, view: RuntimePod): boolean {
  return (pod.spec?.containers ?? []).some((container) => latest(view, container.name) !== undefined);
}
