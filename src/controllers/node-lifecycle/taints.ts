import type { Node, Taint } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { findCondition } from "../../reconcile/index.ts";

export const notReadyKey = "node.kubernetes.io/not-ready";
export const unreachableKey = "node.kubernetes.io/unreachable";

/** The taint that each state of a condition brings. */
const conditionTaints: readonly { readonly type: string; readonly status: string; readonly key: string }[] = [
  { type: "Ready", status: "False", key: notReadyKey },
  { type: "Ready", status: "Unknown", key: unreachableKey },
  { type: "MemoryPressure", status: "True", key: "node.kubernetes.io/memory-pressure" },
  { type: "DiskPressure", status: "True", key: "node.kubernetes.io/disk-pressure" },
  { type: "NetworkUnavailable", status: "True", key: "node.kubernetes.io/network-unavailable" },
  { type: "PIDPressure", status: "True", key: "node.kubernetes.io/pid-pressure" },
];
const unschedulableKey = "node.kubernetes.io/unschedulable";
const ownKeys: ReadonlySet<string> = new Set([...conditionTaints.map(({ key }) => key), unschedulableKey]);

/** The node's taints with the NoSchedule ones as its conditions want them; `undefined` when they are so already. */
export function withNoScheduleTaints(node: Node, nowMs: number): Taint[] | undefined {
  const wanted = conditionTaints
    .filter(({ type, status }) => findCondition(node.status?.conditions, type)?.status === status)
    .map(({ key }) => key);
  if (node.spec.unschedulable === true) wanted.push(unschedulableKey);
  return replaceTaints(node, "NoSchedule", (key) => ownKeys.has(key), wanted, nowMs);
}

/** The same for the NoExecute taints of a node that is not ready or not reachable. */
export function withNoExecuteTaint(
  node: Node,
  ready: "True" | "False" | "Unknown",
  nowMs: number,
): Taint[] | undefined {
  const wanted = { True: [], False: [notReadyKey], Unknown: [unreachableKey] }[ready];
  return replaceTaints(node, "NoExecute", (key) => key === notReadyKey || key === unreachableKey, wanted, nowMs);
}

export function hasNoExecuteTaint(node: Node): boolean {
  return (node.spec.taints ?? []).some(
    ({ key, effect }) => effect === "NoExecute" && (key === notReadyKey || key === unreachableKey),
  );
}

function replaceTaints(
  node: Node,
  effect: "NoSchedule" | "NoExecute",
  isOwn: (key: string) => boolean,
  wanted: readonly string[],
  nowMs: number,
): Taint[] | undefined {
  const current = node.spec.taints ?? [];
  const isReplaceable = (taint: Taint): boolean => taint.effect === effect && isOwn(taint.key);
  const kept = current.filter((taint) => !isReplaceable(taint) || wanted.includes(taint.key));
  const present = new Set(kept.filter(isReplaceable).map(({ key }) => key));
  const added = wanted
    .filter((key) => !present.has(key))
    .map((key): Taint => ({ key, effect, timeAdded: formatTime(nowMs) }));
  return added.length === 0 && kept.length === current.length ? undefined : [...kept, ...added];
}
