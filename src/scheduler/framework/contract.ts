import type { Pod } from "../../api/index.ts";
import type { NodeTable } from "../cache/node-table.ts";

/**
 * Why a node does not suit a pod. `resolvable` says whether removing pods from the node could help (upstream:
 * Unschedulable against UnschedulableAndUnresolvable). Kept as constants, compared and counted by identity.
 */
export interface Refusal {
  readonly plugin: string;
  readonly reason: string;
  readonly resolvable: boolean;
}

/** Refuses a pod before any node is looked at. */
export interface PodRefusal {
  readonly plugin: string;
  readonly reason: string;
}

/** Judges one node, by its row in the table; `undefined` when it suits. Called thousands of times per pod. */
export type NodeFilter = (row: number) => Refusal | undefined;

/** Rates one suitable node; higher is better. */
export interface NodeScorer {
  score(row: number): number;
  /** Brings raw scores to 0..100 in place, one per suitable node. */
  normalize?(scores: Float64Array): void;
}

/**
 * A plug-in is made of the steps it has. A step gets the pod once per cycle and returns a function over rows, or
 * `undefined` when it has nothing to say about this pod (upstream's Skip). Names are upstream's, for configuration
 * files. The cycle is synchronous: nothing changes under a plug-in while it works.
 */
export interface SchedulerPlugin {
  readonly name: string;
  /** Keeps a pod out of the queue; returns why. Upstream: PreEnqueue. */
  preEnqueue?(pod: Pod): string | undefined;
  /** Upstream: PreFilter + Filter. */
  filter?(pod: Pod, nodes: NodeTable): NodeFilter | PodRefusal | undefined;
  /** Upstream: PreScore + Score + NormalizeScore. `rows` are the suitable nodes. */
  score?(pod: Pod, nodes: NodeTable, rows: readonly number[]): NodeScorer | undefined;
  /** Cluster events after which a pod that this plug-in refused may fit. Upstream: EventsToRegister. */
  readonly events: readonly ClusterEventKind[];
  /** Whether this very change may help this pod. Absent: always. Upstream: QueueingHintFn. */
  mayHelp?(pod: Pod, event: ClusterEvent): boolean;
  /** Takes and gives back what is not in the node table (volumes, claims). Upstream: Reserve. */
  reserve?(pod: Pod, node: string): void;
  unreserve?(pod: Pod, node: string): void;
  /** Work before binding that may wait for others; `undefined` when there is none for this pod. Upstream: PreBind. */
  preBind?(pod: Pod, node: string, signal: AbortSignal): Promise<void> | undefined;
}

export type ClusterEventKind =
  | "NodeAdd"
  | "NodeUpdateAllocatable"
  | "NodeUpdateLabel"
  | "NodeUpdateTaint"
  | "NodeUpdateCondition"
  | "AssignedPodAdd"
  | "AssignedPodUpdate"
  | "AssignedPodDelete"
  | "PodUpdate"
  | "StorageChange";

export interface ClusterEvent {
  readonly kind: ClusterEventKind;
  /** The pod or node after the change (before it, when it was deleted). */
  readonly pod?: Pod;
  readonly nodeRow?: number;
}

export const maxNodeScore = 100;

export function isPodRefusal(value: NodeFilter | PodRefusal | undefined): value is PodRefusal {
  return typeof value === "object";
}
