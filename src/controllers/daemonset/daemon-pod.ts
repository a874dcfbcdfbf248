import type { Affinity, DaemonSet, Node, NodeSelectorTerm, Pod, Taint, Toleration } from "../../api/index.ts";
import { kinds } from "../../client/index.ts";
import { matchesRequiredNodeAffinity, newControllerRef, podFromTemplate, tolerates } from "../../reconcile/index.ts";

export const hashLabel = "controller-revision-hash";
const generationLabel = "pod-template-generation";
const generationAnnotation = "deprecated.daemonset.template.generation";
const nodeNameField = "metadata.name";

/** Daemons run on nodes in trouble; that is when they are needed. */
const tolerations: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];
const hostNetworkToleration: Toleration = {
  key: "node.kubernetes.io/network-unavailable",
  operator: "Exists",
  effect: "NoSchedule",
};

export function templateGeneration({ metadata }: DaemonSet): string | undefined {
  return metadata.annotations?.[generationAnnotation];
}

/** The daemon's pod for one node; the scheduler binds it, the affinity leaves it no choice. */
export function daemonPod(set: DaemonSet, hash: string, nodeName: string): Pod {
  const pod = podFromTemplate(set.spec.template, set, newControllerRef(set, kinds.daemonsets));
  const generation = templateGeneration(set);
  pod.metadata.labels = {
    ...pod.metadata.labels,
    [hashLabel]: hash,
    ...(generation === undefined ? {} : { [generationLabel]: generation }),
  };
  pod.spec.affinity = withNode(pod.spec.affinity, nodeName);
  pod.spec.tolerations = withDaemonTolerations(pod);
  return pod;
}

function withDaemonTolerations({ spec }: Pod): Toleration[] {
  const wanted = spec.hostNetwork === true ? [...tolerations, hostNetworkToleration] : tolerations;
  const own = (spec.tolerations ?? []).filter(
    (toleration) =>
      !wanted.some(
        ({ key, effect }) =>
          key === toleration.key && effect === toleration.effect && (toleration.operator ?? "Equal") === "Exists",
      ),
  );
  return [...own, ...wanted];
}

/** Affinity by node name takes the place of what the template requires; that was checked when the node was chosen. */
function withNode(affinity: Affinity | undefined, nodeName: string): Affinity {
  const term: NodeSelectorTerm = { matchFields: [{ key: nodeNameField, operator: "In", values: [nodeName] }] };
  const required = { nodeSelectorTerms: [term] };
  return {
    ...affinity,
    nodeAffinity: { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required },
  };
}

/** The node that a daemon's pod is on, or meant for. */
export function nodeNameOf({ spec }: Pod): string {
  if (spec.nodeName !== undefined && spec.nodeName !== "") return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    for (const { key, operator, values = [] } of matchFields) {
      if (key === nodeNameField && operator === "In" && values.length === 1) return values[0] ?? "";
    }
  }
  return "";
}

/** Whether a daemon should be started on a node, and whether one that is there may stay. */
export function placement(set: DaemonSet, node: Node): { readonly run: boolean; readonly stay: boolean } {
  const { template } = set.spec;
  const fixed = template.spec.nodeName;
  if (fixed !== undefined && fixed !== "" && fixed !== node.metadata.name) return { run: false, stay: false };
  const pod = podFromTemplate(template, set, newControllerRef(set, kinds.daemonsets));
  if (!matchesRequiredNodeAffinity(pod, node)) return { run: false, stay: false };
  const borne = withDaemonTolerations(pod);
  const untolerated = (node.spec.taints ?? []).filter(
    (taint) => isHard(taint) && !borne.some((toleration) => tolerates(toleration, taint)),
  );
  if (untolerated.length === 0) return { run: true, stay: true };
  return { run: false, stay: untolerated.every(({ effect }) => effect !== "NoExecute") };
}

function isHard({ effect }: Taint): boolean {
  return effect === "NoSchedule" || effect === "NoExecute";
}

/** Whether the pod is of the present template. */
export function isUpdated(set: DaemonSet, pod: Pod, hash: string): boolean {
  const generation = templateGeneration(set);
  const labels = pod.metadata.labels ?? {};
  return (
    labels[hashLabel] === hash ||
    (generation !== undefined && labels[generationLabel] === generation && labels[hashLabel] === undefined)
  );
}
