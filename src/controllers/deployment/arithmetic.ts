import { type IntOrString, scaledValue } from "../../apimachinery/index.ts";

/** A ReplicaSet as the arithmetic sees it. */
export interface SetView {
  readonly name: string;
  /** `spec.replicas` */
  readonly replicas: number;
  /** `status.availableReplicas` */
  readonly available: number;
  readonly createdMs: number;
  /** The annotation `deployment.kubernetes.io/max-replicas`. */
  readonly maxReplicas?: number | undefined;
  /** The annotation `deployment.kubernetes.io/desired-replicas`. */
  readonly desiredReplicas?: number | undefined;
}

export interface Wanted {
  readonly strategy: "RollingUpdate" | "Recreate";
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** `status.replicas` of the Deployment. */
  readonly statusReplicas: number;
}

/** A ReplicaSet gets this size. */
export interface Scale {
  readonly name: string;
  readonly to: number;
}

/** The fence posts of a rolling update. Both zero would never move, so one pod may then be missing. */
export function resolveFenceposts(
  maxSurge: IntOrString | undefined,
  maxUnavailable: IntOrString | undefined,
  replicas: number,
): { readonly maxSurge: number; readonly maxUnavailable: number } {
  const surge = scaledValue(maxSurge ?? "25%", replicas, "up") ?? 0;
  const unavailable = scaledValue(maxUnavailable ?? "25%", replicas, "down") ?? 0;
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** How many pods may be missing; never more than are wanted. */
export function maxUnavailableOf({ strategy, replicas, maxUnavailable }: Wanted): number {
  return strategy === "RollingUpdate" && replicas > 0 ? Math.min(maxUnavailable, replicas) : 0;
}

export function maxSurgeOf({ strategy, maxSurge }: Wanted): number {
  return strategy === "RollingUpdate" ? maxSurge : 0;
}

/** The size of the new set: as large as the surge allows. `sets` includes it. */
export function newSetReplicas(wanted: Wanted, sets: readonly SetView[], newReplicas: number): number {
  if (wanted.strategy === "Recreate") return wanted.replicas;
  const room = wanted.replicas + wanted.maxSurge - total(sets);
  if (room <= 0) return newReplicas;
  return newReplicas + Math.min(room, wanted.replicas - newReplicas);
}

/** One step of a rolling update: the new set grows, or else old ones shrink. Nothing to do gives an empty list. */
export function rollingStep(wanted: Wanted, newSet: SetView, oldSets: readonly SetView[]): readonly Scale[] {
  const size =
    newSet.replicas > wanted.replicas ? wanted.replicas : newSetReplicas(wanted, [...oldSets, newSet], newSet.replicas);
  if (size !== newSet.replicas) return [{ name: newSet.name, to: size }];
  return shrinkOldSets(wanted, newSet, oldSets);
}

function shrinkOldSets(wanted: Wanted, newSet: SetView, oldSets: readonly SetView[]): readonly Scale[] {
  const minAvailable = wanted.replicas - maxUnavailableOf(wanted);
  const newUnavailable = newSet.replicas - newSet.available;
  const all = total(oldSets) + newSet.replicas;
  const removable = all - minAvailable - newUnavailable;
  if (total(oldSets) === 0 || removable <= 0) return [];
  const oldestFirst = [...oldSets].sort((a, b) => a.createdMs - b.createdMs);
  const healthy = removeUnhealthy(oldestFirst, removable);
  const available = healthy.reduce((sum, set) => sum + set.available, newSet.available);
  const shrunk = available > minAvailable ? removeHealthy(healthy, available - minAvailable) : healthy;
  return shrunk
    .filter((set, index) => set.replicas !== oldestFirst[index]?.replicas)
    .map(({ name, replicas }) => ({ name, to: replicas }));
}

/** Pods that do not work go first: they serve nobody. */
function removeUnhealthy(sets: readonly SetView[], limit: number): readonly SetView[] {
  let left = limit;
  return sets.map((set) => {
    const count = Math.max(0, Math.min(left, set.replicas - set.available));
    left -= count;
    return count === 0 ? set : { ...set, replicas: set.replicas - count };
  });
}

function removeHealthy(sets: readonly SetView[], limit: number): readonly SetView[] {
  let left = limit;
  return sets.map((set) => {
    const count = Math.min(left, set.replicas);
    left -= count;
    return count === 0 ? set : { ...set, replicas: set.replicas - count };
  });
}

/** Everything old to nothing, before the new set may start. */
export function recreateStep(oldSets: readonly SetView[]): readonly Scale[] {
  return oldSets.filter((set) => set.replicas !== 0).map(({ name }) => ({ name, to: 0 }));
}

/** Whether the wanted number of pods changed since the sets were last sized. */
export function isScalingEvent(wanted: Wanted, sets: readonly SetView[]): boolean {
  return sets.some(
    (set) => set.replicas > 0 && set.desiredReplicas !== undefined && set.desiredReplicas !== wanted.replicas,
  );
}

/** Sizes for a new wanted number, in the midst of a rollout in proportion to what each set has. */
export function proportionalScale(
  wanted: Wanted,
  newSet: SetView | undefined,
  oldSets: readonly SetView[],
): readonly Scale[] {
  const all = newSet === undefined ? oldSets : [...oldSets, newSet];
  const active = all.filter((set) => set.replicas > 0);
  const only = active.length > 1 ? undefined : (active[0] ?? newSet ?? latest(oldSets));
  if (only !== undefined) return only.replicas === wanted.replicas ? [] : [{ name: only.name, to: wanted.replicas }];
  if (newSet !== undefined && isSaturated(wanted, newSet)) return recreateStep(oldSets);
  if (wanted.strategy !== "RollingUpdate") return [];
  const allowed = wanted.replicas > 0 ? wanted.replicas + wanted.maxSurge : 0;
  return spread(wanted, active, allowed - total(active));
}

function spread(wanted: Wanted, active: readonly SetView[], toAdd: number): readonly Scale[] {
  // Largest first; among equals the newest grows and the oldest shrinks.
  const ordered = [...active].sort(
    (a, b) => b.replicas - a.replicas || (toAdd > 0 ? b.createdMs - a.createdMs : a.createdMs - b.createdMs),
  );
  let added = 0;
  const sizes = ordered.map((set) => {
    const share = toAdd === 0 ? 0 : proportion(wanted, set, toAdd, added);
    added += share;
    return set.replicas + share;
  });
  const leftover = toAdd - added;
  return ordered.map((set, index) => {
    const size = sizes[index] ?? set.replicas;
    return { name: set.name, to: index === 0 && toAdd !== 0 ? Math.max(0, size + leftover) : size };
  });
}

function proportion(wanted: Wanted, set: SetView, toAdd: number, added: number): number {
  if (set.replicas === 0 || toAdd === added) return 0;
  const fraction = fractionOf(wanted, set);
  const allowed = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed);
}

function fractionOf(wanted: Wanted, set: SetView): number {
  if (wanted.replicas === 0) return -set.replicas;
  const before = set.maxReplicas === undefined || set.maxReplicas === 0 ? wanted.statusReplicas : set.maxReplicas;
  if (before === 0) return 0;
  return Math.round((set.replicas * (wanted.replicas + wanted.maxSurge)) / before) - set.replicas;
}

function isSaturated(wanted: Wanted, set: SetView): boolean {
  return (
    set.replicas === wanted.replicas && set.desiredReplicas === wanted.replicas && set.available === wanted.replicas
  );
}

function latest(sets: readonly SetView[]): SetView | undefined {
  return [...sets].sort((a, b) => b.createdMs - a.createdMs)[0];
}

function total(sets: readonly SetView[]): number {
  return sets.reduce((sum, set) => sum + set.replicas, 0);
}
