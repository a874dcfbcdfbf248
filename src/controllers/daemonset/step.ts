import type { DaemonSet, DaemonSetStatus, Node, Pod } from "../../api/index.ts";
import { scaledValue } from "../../apimachinery/index.ts";
import { isPodAvailable, isPodReady, timeOf } from "../../reconcile/index.ts";
import { isUpdated, nodeNameOf, placement } from "./daemon-pod.ts";

export interface DaemonInput {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  /** Of the present template. */
  readonly hash: string;
  readonly nowMs: number;
  /** Whether a node's failed daemon has to wait before it is replaced; milliseconds. */
  readonly backoffMs: (nodeName: string) => number;
}

export interface DaemonStep {
  readonly create: readonly string[];
  readonly delete: readonly Pod[];
  /** Pods at their end that are replaced, for the events. */
  readonly ended: readonly Pod[];
  readonly requeueAfterMs: number | undefined;
}

interface Draft {
  readonly create: string[];
  readonly delete: Pod[];
  readonly ended: Pod[];
  requeueAfterMs: number | undefined;
}

function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const name = nodeNameOf(pod);
    byNode.set(name, [...(byNode.get(name) ?? []), pod]);
  }
  return byNode;
}

/** One daemon on every node that should have one, none on the others. */
export function manageStep(input: DaemonInput): DaemonStep {
  const draft: Draft = { create: [], delete: [], ended: [], requeueAfterMs: undefined };
  const byNode = podsByNode(input.pods);
  for (const node of input.nodes) {
    const name = node.metadata.name ?? "";
    const pods = byNode.get(name) ?? [];
    const { run, stay } = placement(input.set, node);
    if (run && pods.length === 0) draft.create.push(name);
    else if (stay) keepOne(input, name, pods, draft);
    else draft.delete.push(...pods.filter(isPresent));
  }
  const names = new Set(input.nodes.map(({ metadata }) => metadata.name));
  // Meant for a node that is gone: nobody else will ever take it.
  draft.delete.push(
    ...input.pods.filter((pod) => (pod.spec.nodeName ?? "") === "" && !names.has(nodeNameOf(pod)) && isPresent(pod)),
  );
  return draft;
}

function isPresent({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp === undefined;
}

function keepOne(input: DaemonInput, nodeName: string, pods: readonly Pod[], draft: Draft): void {
  const running: Pod[] = [];
  for (const pod of pods.filter(isPresent)) {
    const { phase } = pod.status ?? {};
    if (phase === "Failed") {
      const waitMs = input.backoffMs(nodeName);
      if (waitMs > 0) draft.requeueAfterMs = Math.min(draft.requeueAfterMs ?? waitMs, waitMs);
      else draft.ended.push(pod);
    } else if (phase === "Succeeded") draft.ended.push(pod);
    else running.push(pod);
  }
  draft.delete.push(...draft.ended.filter((pod) => pods.includes(pod)), ...surplus(input, running));
}

/** The oldest stays. While surging, the oldest old one and the oldest new one may be there together. */
function surplus({ set, hash, nowMs }: DaemonInput, running: readonly Pod[]): readonly Pod[] {
  if (running.length <= 1) return [];
  const oldestFirst = byAge(running);
  if (surgeOf(set, 1) === 0) return oldestFirst.slice(1);
  const fresh = oldestFirst.filter((pod) => isUpdated(set, pod, hash));
  const old = oldestFirst.filter((pod) => !isUpdated(set, pod, hash));
  const replaced = fresh.some((pod) => isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs));
  return [...fresh.slice(1), ...old.slice(replaced ? 0 : 1)];
}

function byAge(pods: readonly Pod[]): Pod[] {
  const time = (pod: Pod): number => timeOf(pod.metadata.creationTimestamp) ?? 0;
  return [...pods].sort((a, b) => time(a) - time(b));
}

function rollingOf({ spec }: DaemonSet): { maxUnavailable: number | string; maxSurge: number | string } {
  const { maxUnavailable = 1, maxSurge = 0 } = spec.updateStrategy?.rollingUpdate ?? {};
  return { maxUnavailable, maxSurge };
}

function surgeOf(set: DaemonSet, desired: number): number {
  if (set.spec.updateStrategy?.type === "OnDelete") return 0;
  return scaledValue(rollingOf(set).maxSurge, desired, "up") ?? 0;
}

interface OnNode {
  readonly node: string;
  readonly fresh: Pod | undefined;
  readonly old: Pod | undefined;
  /** Between two states; left to the management of single nodes. */
  readonly unclear: boolean;
}

/** Replaces daemons of older templates, within what may be missing, or may be there too many. */
export function updateStep(input: DaemonInput): DaemonStep {
  const { set, nodes, pods, hash, nowMs } = input;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const available = (pod: Pod): boolean => isPodAvailable(pod, minReadySeconds, nowMs);
  const wanted = nodes.filter((node) => placement(set, node).run).map(({ metadata }) => metadata.name ?? "");
  const desired = wanted.length;
  const present = [...podsByNode(pods)].map(([node, all]) => onNode(set, node, all, hash));
  const surge = surgeOf(set, desired);
  if (surge > 0) return surgeStep(present, surge, available);
  const limit = unavailableLimit(set, desired);
  const covered = new Set(present.map(({ node }) => node));
  // A node whose daemon is gone and not yet made again is one that does without.
  const missing = wanted.filter((node) => !covered.has(node)).length;
  return { create: [], delete: replaceable(present, limit - missing, available), ended: [], requeueAfterMs: undefined };
}

function unavailableLimit(set: DaemonSet, desired: number): number {
  const limit = scaledValue(rollingOf(set).maxUnavailable, desired, "up") ?? 0;
  return surgeOf(set, desired) === 0 && limit === 0 ? 1 : limit;
}

function onNode(set: DaemonSet, node: string, all: readonly Pod[], hash: string): OnNode {
  const pods = all.filter(isPresent);
  const fresh = pods.filter((pod) => isUpdated(set, pod, hash));
  const old = pods.filter((pod) => !isUpdated(set, pod, hash));
  return { node, fresh: fresh[0], old: old[0], unclear: fresh.length > 1 || old.length > 1 };
}

function replaceable(present: readonly OnNode[], limit: number, available: (pod: Pod) => boolean): readonly Pod[] {
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  let unavailable = 0;
  for (const { fresh, old, unclear } of present) {
    if (unclear || (fresh === undefined) === (old === undefined)) unavailable += 1;
    else if (fresh !== undefined) unavailable += available(fresh) ? 0 : 1;
    else if (old !== undefined && available(old)) candidates.push(old);
    else if (old !== undefined) {
      broken.push(old);
      unavailable += 1;
    }
  }
  return [...broken, ...candidates.slice(0, Math.max(0, limit - unavailable))];
}

function surgeStep(present: readonly OnNode[], surge: number, available: (pod: Pod) => boolean): DaemonStep {
  const broken: string[] = [];
  const candidates: string[] = [];
  const replaced: Pod[] = [];
  let surging = 0;
  for (const { node, fresh, old } of present) {
    if (old === undefined) continue;
    if (fresh === undefined) (available(old) ? candidates : broken).push(node);
    else if (available(fresh)) replaced.push(old);
    else surging += 1;
  }
  const create = [...broken, ...candidates.slice(0, Math.max(0, surge - surging))];
  return { create, delete: replaced, ended: [], requeueAfterMs: undefined };
}

export function daemonSetStatus({ set, nodes, pods, hash, nowMs }: DaemonInput): DaemonSetStatus {
  const byNode = podsByNode(pods);
  const count = { desired: 0, current: 0, mis: 0, ready: 0, updated: 0, available: 0 };
  for (const node of nodes) {
    const [pod] = byAge((byNode.get(node.metadata.name ?? "") ?? []).filter(isPresent)).sort(
      (a, b) => Number(isPodReady(b)) - Number(isPodReady(a)),
    );
    if (!placement(set, node).run) {
      if (pod !== undefined) count.mis += 1;
      continue;
    }
    count.desired += 1;
    if (pod === undefined) continue;
    count.current += 1;
    if (isPodReady(pod)) count.ready += 1;
    if (isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)) count.available += 1;
    if (isUpdated(set, pod, hash)) count.updated += 1;
  }
  const { conditions, collisionCount } = set.status ?? {};
  return {
    currentNumberScheduled: count.current,
    numberMisscheduled: count.mis,
    desiredNumberScheduled: count.desired,
    numberReady: count.ready,
    observedGeneration: set.metadata.generation,
    updatedNumberScheduled: count.updated,
    numberAvailable: count.available,
    numberUnavailable: count.desired - count.available,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}
