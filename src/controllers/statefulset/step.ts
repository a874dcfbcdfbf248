import type { ControllerRevision, Pod, StatefulSet, StatefulSetStatus } from "../../api/index.ts";
import { scaledValue } from "../../apimachinery/index.ts";
import { isPodAvailable, isPodReady } from "../../reconcile/index.ts";
import { hasIdentity, ordinalOf, revisionOfPod } from "./identity.ts";

export interface StatefulInput {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly nowMs: number;
}

export type Effect =
  | { readonly kind: "create"; readonly ordinal: number; readonly revision: ControllerRevision }
  | { readonly kind: "delete"; readonly pod: Pod; readonly because: "ended" | "surplus" | "outdated" }
  /** Name, labels or volumes are not as they must be. */
  | { readonly kind: "repair"; readonly pod: Pod; readonly ordinal: number }
  /** Its claims may be missing: it cannot start without them. */
  | { readonly kind: "claims"; readonly pod: Pod; readonly ordinal: number };

interface Slot {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

interface Facts {
  readonly input: StatefulInput;
  readonly slots: readonly Slot[];
  /** The highest ordinal first. */
  readonly condemned: readonly Pod[];
  readonly ordered: boolean;
}

/** What to do now, in order. One thing at a time for an ordered set. */
export function statefulStep(input: StatefulInput): readonly Effect[] {
  const facts = factsOf(input);
  if (input.set.metadata.deletionTimestamp !== undefined) return [];
  const effects: Effect[] = [];
  const go = fillSlots(facts, effects) && removeCondemned(facts, effects);
  if (go && input.set.spec.updateStrategy?.type !== "OnDelete") rollOver(facts, effects);
  return effects;
}

function factsOf(input: StatefulInput): Facts {
  const { set, pods } = input;
  const start = set.spec.ordinals?.start ?? 0;
  const replicas = set.spec.replicas ?? 1;
  const byOrdinal = new Map<number, Pod>();
  const condemned: [number, Pod][] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    if (ordinal >= start && ordinal < start + replicas) byOrdinal.set(ordinal, pod);
    else condemned.push([ordinal, pod]);
  }
  return {
    input,
    slots: Array.from({ length: replicas }, (_, index) => ({
      ordinal: start + index,
      pod: byOrdinal.get(start + index),
    })),
    condemned: condemned.sort(([a], [b]) => b - a).map(([, pod]) => pod),
    ordered: set.spec.podManagementPolicy !== "Parallel",
  };
}

function isTerminating({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === "Running" && isPodReady(pod);
}

function isAvailable({ set, nowMs }: StatefulInput, pod: Pod): boolean {
  return isRunningAndReady(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);
}

/** False when an ordered set has to wait here. */
function fillSlots(facts: Facts, effects: Effect[]): boolean {
  const { input, slots, ordered } = facts;
  for (const { ordinal, pod } of slots) {
    if (pod === undefined) {
      effects.push({ kind: "create", ordinal, revision: revisionFor(input, ordinal) });
      if (ordered) return false;
      continue;
    }
    const { phase } = pod.status ?? {};
    if (phase === "Failed" || phase === "Succeeded") {
      if (!isTerminating(pod)) effects.push({ kind: "delete", pod, because: "ended" });
      if (ordered) return false;
      continue;
    }
    if (phase === "Pending" || phase === undefined) effects.push({ kind: "claims", pod, ordinal });
    if (ordered && (isTerminating(pod) || !isAvailable(input, pod))) return false;
    if (!isTerminating(pod) && !hasIdentity(input.set, pod, ordinal)) effects.push({ kind: "repair", pod, ordinal });
  }
  return true;
}

/** Pods below the partition keep the revision they had. */
function revisionFor({ set, current, update }: StatefulInput, ordinal: number): ControllerRevision {
  const { updateStrategy, ordinals } = set.spec;
  if (updateStrategy?.type === "OnDelete") return update;
  const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
  return ordinal < (ordinals?.start ?? 0) + partition ? current : update;
}

function removeCondemned({ input, slots, condemned, ordered }: Facts, effects: Effect[]): boolean {
  const all = [...slots.map(({ pod }) => pod).filter((pod) => pod !== undefined), ...[...condemned].reverse()];
  const firstUnhealthy = all.find((pod) => isTerminating(pod) || !isAvailable(input, pod));
  for (const pod of condemned) {
    if (isTerminating(pod)) {
      if (ordered) return false;
      continue;
    }
    if (ordered && !isAvailable(input, pod) && pod !== firstUnhealthy) return false;
    effects.push({ kind: "delete", pod, because: "surplus" });
    if (ordered) return false;
  }
  return true;
}

/** Replaces outdated pods from the highest ordinal down, no more at once than may be unavailable. */
function rollOver({ input, slots }: Facts, effects: Effect[]): void {
  const { set, update } = input;
  const { partition = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const limit = Math.max(1, scaledValue(maxUnavailable, set.spec.replicas ?? 1, "up") ?? 1);
  const start = set.spec.ordinals?.start ?? 0;
  const deleted = new Set(effects.map((effect) => (effect.kind === "delete" ? effect.pod : undefined)));
  let unavailable = slots.filter(
    ({ pod }) => pod === undefined || isTerminating(pod) || deleted.has(pod) || !isAvailable(input, pod),
  ).length;
  for (const { ordinal, pod } of [...slots].reverse()) {
    if (ordinal < start + partition) return;
    if (pod === undefined || isTerminating(pod) || deleted.has(pod)) continue;
    const outdated = revisionOfPod(pod) !== update.metadata.name;
    const healthy = isAvailable(input, pod);
    if (!outdated) continue;
    // A broken one is counted as missing already; replacing it costs nothing.
    if (healthy && unavailable >= limit) return;
    if (!healthy && unavailable > limit) return;
    effects.push({ kind: "delete", pod, because: "outdated" });
    if (healthy) unavailable += 1;
  }
}

export function statefulStatus(input: StatefulInput, collisionCount: number): StatefulSetStatus {
  const { set, pods, current, update } = input;
  const created = pods.filter((pod) => ordinalOf(set, pod) !== undefined);
  const ofRevision = (revision: ControllerRevision): number =>
    created.filter((pod) => !isTerminating(pod) && revisionOfPod(pod) === revision.metadata.name).length;
  const { conditions } = set.status ?? {};
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata.generation,
    replicas: created.length,
    readyReplicas: created.filter(isRunningAndReady).length,
    currentReplicas: ofRevision(current),
    updatedReplicas: ofRevision(update),
    currentRevision: current.metadata.name,
    updateRevision: update.metadata.name,
    collisionCount,
    availableReplicas: created.filter((pod) => isAvailable(input, pod)).length,
    ...(conditions === undefined ? {} : { conditions }),
  };
  const rolling = set.spec.updateStrategy?.type !== "OnDelete";
  const done =
    status.updatedReplicas === status.replicas &&
    status.readyReplicas === status.replicas &&
    status.replicas === (set.spec.replicas ?? 1);
  return rolling && done
    ? { ...status, currentRevision: status.updateRevision, currentReplicas: status.updatedReplicas }
    : status;
}
