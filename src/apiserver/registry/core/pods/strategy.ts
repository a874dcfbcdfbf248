import { fieldPath, type LabelSelector, semanticEqual, warningsForIp } from "../../../../apimachinery/index.ts";
import { type Pod, type PodCondition, podQos } from "../../../../api/index.ts";
import type { Strategy } from "../../contract.ts";
import { countGeneration, keep } from "../../common/lifecycle.ts";
import { validatePodStatusUpdate } from "./status-validation.ts";
import { syncAppArmor } from "./app-armor.ts";
import { ephemeralContainers, resize } from "./subresources.ts";
import { podTable } from "./table.ts";
import { validatePod, validatePodUpdate } from "./validation.ts";
import { hostnameWarnings, podWarnings } from "../../common/pod-warnings.ts";

export const podStrategy: Strategy<Pod> = {
  prepareForCreate(pod, context) {
    pod.metadata.generation = 1;
    pod.status = { phase: "Pending", qosClass: podQos(pod) };
    mergeMatchLabelKeys(pod);
    syncAppArmor(pod, (text) => context.request.warn(text));
    if ((pod.spec.schedulingGates ?? []).length > 0)
      pod.status.conditions = [gatedSince(pod.metadata.creationTimestamp)];
  },
  prepareForUpdate(pod, old) {
    keep(pod, old, "status");
    countGeneration(pod, old, !semanticEqual(pod.spec, old.spec));
  },
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  // Updates of pods are mostly those of components, which read no warnings.
  warningsOnCreate: (pod) => [...hostnameWarnings(pod.metadata.name, "the Pod's hostname"), ...podWarnings(pod)],
  allowUnconditionalUpdate: true,
  gracePeriodSeconds({ spec, status }, requested) {
    const ended = status?.phase === "Failed" || status?.phase === "Succeeded";
    if ((spec.nodeName ?? "") === "" || ended) return 0;
    const seconds = requested ?? spec.terminationGracePeriodSeconds ?? 0;
    return seconds < 0 ? 1 : seconds;
  },
  status: {
    warningsOnUpdate: ({ status }) => [
      ...addressWarnings(status?.podIPs, "podIPs"),
      ...addressWarnings(status?.hostIPs, "hostIPs"),
    ],
    prepareForUpdate(pod, old) {
      keep(pod, old, "spec");
      keep(pod.metadata, old.metadata, "deletionTimestamp");
      keep(pod.metadata, old.metadata, "ownerReferences");
      if (pod.status !== undefined && (pod.status.qosClass ?? "") === "")
        pod.status.qosClass = old.status?.qosClass ?? podQos(pod);
      keepObservedGenerations(pod, old);
    },
    validateUpdate: validatePodStatusUpdate,
  },
  resetFields: { status: ["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"] },
  subresources: { ephemeralcontainers: ephemeralContainers, resize },
  selectableFields: {
    "spec.nodeName": ({ spec }) => spec.nodeName ?? "",
    "spec.restartPolicy": ({ spec }) => spec.restartPolicy ?? "",
    "spec.schedulerName": ({ spec }) => spec.schedulerName ?? "",
    "spec.serviceAccountName": ({ spec }) => spec.serviceAccountName ?? "",
    "spec.hostNetwork": ({ spec }) => String(spec.hostNetwork ?? false),
    "status.phase": ({ status }) => status?.phase ?? "",
    "status.podIP": ({ status }) => status?.podIPs?.[0]?.ip ?? "",
    // Upstream knows the field and reads nothing from it.
    "status.podIPs": () => "",
    "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName ?? "",
  },
  indexedFields: ["spec.nodeName"],
  table: podTable,
};

/** Writers that do not know of generations leave them as they were; conditions of a type are told by their order. */
function keepObservedGenerations({ status: now }: Pod, { status: before }: Pod): void {
  if (now === undefined || before === undefined) return;
  now.observedGeneration ||= before.observedGeneration ?? 0;
  if (now.observedGeneration === 0) delete now.observedGeneration;
  if (before.conditions?.some(({ observedGeneration = 0 }) => observedGeneration !== 0) !== true) return;
  const seen = new Map<string, number>();
  for (const condition of now.conditions ?? []) {
    const { type, observedGeneration = 0 } = condition;
    const nth = seen.get(type) ?? 0;
    seen.set(type, nth + 1);
    const old = before.conditions.filter((one) => one.type === type)[nth]?.observedGeneration ?? 0;
    if (observedGeneration === 0 && old !== 0) condition.observedGeneration = old;
  }
}

function addressWarnings(list: readonly { readonly ip?: string }[] = [], field: string): readonly string[] {
  const path = fieldPath("status", field);
  return list.flatMap(({ ip = "" }, index) => warningsForIp(ip, path.index(index).child("ip")));
}

function gatedSince(time: string | undefined): PodCondition {
  return {
    type: "PodScheduled",
    status: "False",
    reason: "SchedulingGated",
    message: "Scheduling is blocked due to non-empty scheduling gates",
    ...(time === undefined ? {} : { lastTransitionTime: time }),
  };
}

/** The values of `matchLabelKeys` are those of the pod itself; they go into the selectors when it is created. */
function mergeMatchLabelKeys({ spec, metadata }: Pod): void {
  const labels = metadata.labels ?? {};
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) addKeys(term, labels);
    for (const weighted of affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      addKeys(weighted.podAffinityTerm, labels);
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) addKeys(constraint, labels);
}

interface Term {
  labelSelector?: LabelSelector;
  readonly matchLabelKeys?: string[];
  readonly mismatchLabelKeys?: string[];
}

function addKeys(term: Term, labels: Readonly<Record<string, string>>): void {
  if (term.labelSelector === undefined) return;
  const add = (keys: readonly string[] | undefined, operator: "In" | "NotIn") => {
    for (const key of keys ?? []) {
      const value = labels[key];
      if (value === undefined || term.labelSelector === undefined) continue;
      const expressions = term.labelSelector.matchExpressions ?? [];
      term.labelSelector.matchExpressions = [...expressions, { key, operator, values: [value] }];
    }
  };
  add(term.matchLabelKeys, "In");
  add(term.mismatchLabelKeys, "NotIn");
}
