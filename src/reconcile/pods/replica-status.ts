import type { Pod, PodTemplateSpec } from "../../api/index.ts";
import { formatTime, selectorFromLabels } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import { findCondition, withCondition, withoutCondition } from "../conditions.ts";
import { isPodAvailable, isPodReady } from "./pod-state.ts";

export interface ReplicaCondition {
  type: string;
  status: string;
  lastTransitionTime?: string;
  reason?: string;
  message?: string;
}

/** The status that ReplicaSets and ReplicationControllers share. */
export interface ReplicaStatus {
  replicas: number;
  fullyLabeledReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  terminatingReplicas?: number;
  observedGeneration?: number;
  conditions?: ReplicaCondition[];
}

export interface ReplicaStatusInput {
  readonly previous: ReplicaStatus | undefined;
  readonly template: PodTemplateSpec | undefined;
  readonly minReadySeconds: number;
  readonly wanted: number;
  readonly active: readonly Pod[];
  /** Absent where the kind does not count them. */
  readonly terminating?: number | undefined;
  /** What went wrong while creating or deleting pods. */
  readonly failure: unknown;
  readonly nowMs: number;
}

export function replicaStatus(input: ReplicaStatusInput): ReplicaStatus {
  const { previous, template, minReadySeconds, wanted, active, terminating, failure, nowMs } = input;
  const templateLabels = selectorFromLabels(template?.metadata.labels);
  const count = (holds: (pod: Pod) => boolean): number => active.filter(holds).length;
  let conditions = previous?.conditions ?? [];
  const known = findCondition(conditions, "ReplicaFailure");
  if (failure !== undefined && known === undefined) {
    conditions = withCondition(conditions, {
      type: "ReplicaFailure",
      status: "True",
      lastTransitionTime: formatTime(nowMs),
      reason: active.length < wanted ? "FailedCreate" : "FailedDelete",
      message: messageOf(failure),
    });
  } else if (failure === undefined && known !== undefined) {
    conditions = withoutCondition(conditions, "ReplicaFailure");
  }
  return {
    replicas: active.length,
    fullyLabeledReplicas: count((pod) => templateLabels.matches(pod.metadata.labels)),
    readyReplicas: count(isPodReady),
    availableReplicas: count((pod) => isPodAvailable(pod, minReadySeconds, nowMs)),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}
