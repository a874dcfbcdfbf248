import { isRestartableInit } from "../runtime/restart-policy.ts";
import { rfc3339 } from "../time.ts";
import type { ContainerStatus, Pod, PodCondition } from "../types.ts";
import type { PodPhase } from "./phase.ts";
import { anyStarted } from "./started.ts";

export interface ConditionInput {
  readonly pod: Pod;
  readonly phase: PodPhase;
  readonly init: readonly ContainerStatus[];
  readonly regular: readonly ContainerStatus[];
  /** The sandbox is up and has its network. */
  readonly sandboxReady: boolean;
  readonly previous: readonly PodCondition[];
  readonly nowMs: number;
  /** Why a resize has not been carried out. */
  readonly resizePending: { readonly reason: string; readonly message: string } | undefined;
}

/** Conditions that the kubelet writes; all others belong to someone else. */
export const kubeletConditions = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
] as const;

/** Conditions of the kubelet that a pod has only for a while. */
export const passingConditions = ["PodResizePending", "PodResizeInProgress"] as const;

interface Verdict {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

export function podConditions(input: ConditionInput): PodCondition[] {
  const containersReady = containersReadyVerdict(input);
  const verdicts: [string, Verdict][] = [
    ["PodReadyToStartContainers", { status: input.sandboxReady ? "True" : "False" }],
    ["Initialized", initializedVerdict(input)],
    ["Ready", readyVerdict(input, containersReady)],
    ["ContainersReady", containersReady],
    ["PodScheduled", { status: "True" }],
  ];
  if (input.resizePending !== undefined)
    verdicts.push(["PodResizePending", { status: "True", ...input.resizePending }]);
  return verdicts.map(([type, verdict]) => condition(input, type, verdict));
}

function condition(input: ConditionInput, type: string, verdict: Verdict): PodCondition {
  const before = input.previous.find((one) => one.type === type);
  const same = before?.status === verdict.status && before.lastTransitionTime;
  return {
    type,
    ...(input.pod.metadata.generation === undefined ? {} : { observedGeneration: input.pod.metadata.generation }),
    status: verdict.status,
    lastTransitionTime: same ? same : rfc3339(input.nowMs),
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
  };
}

function initializedVerdict({ pod, phase, init, regular }: ConditionInput): Verdict {
  const incomplete: string[] = [];
  const unknown: string[] = [];
  for (const container of pod.spec?.initContainers ?? []) {
    const status = init.find((candidate) => candidate.name === container.name);
    const done = isRestartableInit(container) ? status?.started === true : status?.ready === true;
    if (status === undefined) unknown.push(container.name);
    else if (!done) incomplete.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return { status: "True", reason: "PodCompleted" };
  const missing = [
    ...(unknown.length > 0 ? [`containers with unknown status: [${unknown.join(" ")}]`] : []),
    ...(incomplete.length > 0 ? [`containers with incomplete status: [${incomplete.join(" ")}]`] : []),
  ];
  // Once regular containers ran, initialization stays done, whatever becomes of sidecars.
  if (missing.length === 0 || anyStarted(regular)) return { status: "True" };
  return { status: "False", reason: "ContainersNotInitialized", message: missing.join(", ") };
}

function containersReadyVerdict({ pod, phase, init, regular }: ConditionInput): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  const sidecars = (pod.spec?.initContainers ?? []).filter(isRestartableInit);
  const unready = [
    ...sidecars.filter((container) => !isReady(init, container.name)),
    ...(pod.spec?.containers ?? []).filter((container) => !isReady(regular, container.name)),
  ];
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  if (unready.length === 0) return { status: "True" };
  const names = unready.map((container) => container.name).join(" ");
  return { status: "False", reason: "ContainersNotReady", message: `containers with unready status: [${names}]` };
}

function isReady(statuses: readonly ContainerStatus[], name: string): boolean {
  return statuses.some((status) => status.name === name && status.ready);
}

function readyVerdict({ pod, previous }: ConditionInput, containersReady: Verdict): Verdict {
  if (containersReady.status !== "True") return containersReady;
  const missing: string[] = [];
  for (const gate of pod.spec?.readinessGates ?? []) {
    const found = previous.find((one) => one.type === gate.conditionType);
    if (found === undefined)
      missing.push(`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`);
    else if (found.status !== "True") {
      missing.push(`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${found.status}`);
    }
  }
  if (missing.length === 0) return { status: "True" };
  return { status: "False", reason: "ReadinessGatesNotReady", message: missing.join(", ") };
}
