import type { Node, Pod } from "../api/index.ts";
import { type InformerFactory, informerOf, kinds } from "../client/index.ts";
import type { ClusterEventKind } from "./framework/contract.ts";
import type { Scheduler } from "./scheduler.ts";

const isOver = (pod: Pod): boolean => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
const isAssigned = (pod: Pod): boolean => pod.spec?.nodeName !== undefined && pod.spec.nodeName !== "" && !isOver(pod);
const differs = (a: unknown, b: unknown): boolean => a !== b && JSON.stringify(a) !== JSON.stringify(b);

/** Turns what the informers tell into changes of the scheduler's picture and queue. */
export function watchCluster(informers: InformerFactory, scheduler: Scheduler): void {
  informerOf(informers, kinds.nodes).addHandler({
    onAdd: (node) => nodeAdded(scheduler, node),
    onUpdate: (previous, node) => nodeUpdated(scheduler, previous, node),
    onDelete: (node) => scheduler.cache.removeNode(node.metadata.name ?? ""),
  });
  informerOf(informers, kinds.pods).addHandler({
    onAdd: (pod) => podSeen(scheduler, undefined, pod),
    onUpdate: (previous, pod) => podSeen(scheduler, previous, pod),
    onDelete: (pod) => podGone(scheduler, pod),
  });
  const storageChanged = (): void => scheduler.notice({ kind: "StorageChange" });
  const storage = { onAdd: storageChanged, onUpdate: storageChanged };
  informerOf(informers, kinds.persistentvolumeclaims).addHandler(storage);
  informerOf(informers, kinds.persistentvolumes).addHandler(storage);
  informerOf(informers, kinds.storageclasses).addHandler(storage);
  informerOf(informers, kinds.csidrivers).addHandler(storage);
  informerOf(informers, kinds.csistoragecapacities).addHandler(storage);
}

function nodeAdded(scheduler: Scheduler, node: Node): void {
  const nodeRow = scheduler.cache.setNode(node);
  scheduler.notice({ kind: "NodeAdd", nodeRow });
}

function nodeUpdated(scheduler: Scheduler, previous: Node, node: Node): void {
  const nodeRow = scheduler.cache.setNode(node);
  const changes: [ClusterEventKind, boolean][] = [
    ["NodeUpdateAllocatable", differs(previous.status?.allocatable, node.status?.allocatable)],
    ["NodeUpdateLabel", differs(previous.metadata.labels, node.metadata.labels)],
    [
      "NodeUpdateTaint",
      previous.spec?.unschedulable !== node.spec?.unschedulable || differs(previous.spec?.taints, node.spec?.taints),
    ],
  ];
  for (const [kind, happened] of changes) if (happened) scheduler.notice({ kind, nodeRow });
}

function podSeen(scheduler: Scheduler, previous: Pod | undefined, pod: Pod): void {
  const wasAssigned = previous !== undefined && isAssigned(previous);
  if (isAssigned(pod)) {
    scheduler.cache.setPod(pod);
    scheduler.queue.delete(pod.metadata.uid ?? "");
    scheduler.notice({ kind: wasAssigned ? "AssignedPodUpdate" : "AssignedPodAdd", pod });
    return;
  }
  if (wasAssigned) return assignedGone(scheduler, previous);
  if (isOver(pod)) return scheduler.pendingGone(pod);
  if (!scheduler.isResponsible(pod)) return;
  if (pod.metadata.deletionTimestamp !== undefined) return scheduler.pendingGone(pod);
  if (previous === undefined) scheduler.podPending(pod);
  else scheduler.pendingChanged(previous, pod);
}

function podGone(scheduler: Scheduler, pod: Pod): void {
  if (isAssigned(pod)) assignedGone(scheduler, pod);
  else scheduler.pendingGone(pod);
}

function assignedGone(scheduler: Scheduler, pod: Pod): void {
  scheduler.cache.removePod(pod.metadata.uid ?? "");
  scheduler.notice({ kind: "AssignedPodDelete", pod });
}
