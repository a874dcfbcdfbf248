import { qosClass } from "../pods/qos.ts";
import { rfc3339 } from "../time.ts";
import type { PodCondition, PodStatus } from "../types.ts";
import { kubeletConditions, passingConditions, podConditions } from "./conditions.ts";
import { type ContainerStatusInput, containerStatuses } from "./container-statuses.ts";
import { type PodPhase, podPhase } from "./phase.ts";

export interface PodStatusInput extends ContainerStatusInput {
  readonly pendingResize?: { readonly reason: string; readonly message: string };
  readonly nowMs: number;
  readonly hostIps: readonly string[];
  /** A reason that overrules what the containers say: eviction, deadline, rejection. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

/** Pure: the whole status of a pod, from its spec, what the runtime holds, and what was said before. */
export function podStatus(input: PodStatusInput): PodStatus {
  const { pod, view, previous, nowMs } = input;
  const statuses = containerStatuses(input);
  const computed = podPhase(pod, statuses.init, statuses.regular, input.ended);
  const phase = finalPhase(input, computed);
  const sandbox = view.sandboxes[0];
  const hostNetwork = pod.spec?.hostNetwork === true;
  const sandboxReady = sandbox?.ready === true && (hostNetwork || sandbox.ips.length > 0);
  const conditions = podConditions({
    pod,
    phase,
    init: statuses.init,
    regular: statuses.regular,
    sandboxReady,
    previous: previous?.conditions ?? [],
    nowMs,
    resizePending: input.pendingResize,
  });
  const ips = podIps(input, hostNetwork);
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: [...conditions, ...disruption(input), ...foreignConditions(previous)],
    ...failureOf(input),
    ...(input.hostIps[0] === undefined
      ? {}
      : { hostIP: input.hostIps[0], hostIPs: input.hostIps.map((ip) => ({ ip })) }),
    ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    startTime: previous?.startTime ?? rfc3339(nowMs),
    ...(statuses.init.length === 0 ? {} : { initContainerStatuses: statuses.init }),
    containerStatuses: statuses.regular,
    qosClass: previous?.qosClass ?? qosClass(pod),
    ...(statuses.ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: statuses.ephemeral }),
  } as PodStatus;
}

/** A pod never comes back from its end, and a failure decided by the kubelet makes it fail. */
function finalPhase(input: PodStatusInput, computed: PodPhase): PodPhase {
  const before = input.previous?.phase;
  if (before === "Failed" || before === "Succeeded") return before;
  return input.failure === undefined ? computed : "Failed";
}

function failureOf({ failure, previous }: PodStatusInput): Pick<PodStatus, "reason" | "message"> {
  if (failure !== undefined) return failure;
  if (previous?.phase !== "Failed") return {};
  return {
    ...(previous.reason === undefined ? {} : { reason: previous.reason }),
    ...(previous.message === undefined ? {} : { message: previous.message }),
  };
}

/** An evicted pod did nothing wrong: controllers that count failures may look away. */
function disruption({ failure, previous, nowMs }: PodStatusInput): PodCondition[] {
  const known = previous?.conditions?.some((one) => one.type === "DisruptionTarget") === true;
  if (failure?.reason !== "Evicted" || known) return [];
  const lastTransitionTime = rfc3339(nowMs);
  return [
    {
      type: "DisruptionTarget",
      status: "True",
      reason: "TerminationByKubelet",
      message: failure.message,
      lastTransitionTime,
    },
  ];
}

function foreignConditions(previous: PodStatus | undefined): PodCondition[] {
  const own: readonly string[] = [...kubeletConditions, ...passingConditions];
  return (previous?.conditions ?? []).filter((one) => !own.includes(one.type));
}

/** The addresses last known stay when the sandbox is gone, as upstream keeps them for ended pods. */
function podIps({ view, previous, hostIps, ended, pod }: PodStatusInput, hostNetwork: boolean): readonly string[] {
  if (hostNetwork) return view.sandboxes.length > 0 || previous?.podIP !== undefined ? hostIps : [];
  const current = view.sandboxes.find((sandbox) => sandbox.ips.length > 0)?.ips;
  if (current !== undefined) return current;
  const kept = ended || pod.metadata.deletionTimestamp !== undefined || view.sandboxes.length > 0;
  return kept ? (previous?.podIPs ?? []).map((one) => one.ip) : [];
}
