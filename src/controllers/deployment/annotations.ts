import type { Deployment, ReplicaSet } from "../../api/index.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
const revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history";
const desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas";
const maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas";
const revisionHistoryLengthMax = 2000;

/** The Deployment's own business, not that of its sets. */
const notCopied: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  "deprecated.deployment.rollback.rollbackTo",
]);

export interface ReplicaAnnotations {
  readonly desired: number;
  readonly max: number;
}

const revisionMax = 2n ** 63n - 1n;

/** 0 where there is none. Upstream counts in 64 bits, and whoever adopts sets may begin anywhere. */
export function revisionOf(object: Deployment | ReplicaSet): bigint {
  const text = object.metadata.annotations?.[revisionAnnotation];
  const revision = text !== undefined && /^[0-9]{1,19}$/.test(text) ? BigInt(text) : 0n;
  return revision > revisionMax ? 0n : revision;
}

export function maxRevision(sets: readonly ReplicaSet[]): bigint {
  return sets.map(revisionOf).reduce((highest, revision) => (revision > highest ? revision : highest), 0n);
}

export function numberAnnotation(set: ReplicaSet, which: "desired" | "max"): number | undefined {
  const text = set.metadata.annotations?.[which === "desired" ? desiredReplicasAnnotation : maxReplicasAnnotation];
  return text !== undefined && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** Sets what the sizes were last computed from. True if that changed anything. The set is changed. */
export function setReplicaAnnotations(set: ReplicaSet, { desired, max }: ReplicaAnnotations): boolean {
  const before = set.metadata.annotations ?? {};
  if (before[desiredReplicasAnnotation] === String(desired) && before[maxReplicasAnnotation] === String(max))
    return false;
  set.metadata.annotations = {
    ...before,
    [desiredReplicasAnnotation]: String(desired),
    [maxReplicasAnnotation]: String(max),
  };
  return true;
}

/** Brings the annotations of the new set up to date: the Deployment's own, and its revision. True if that changed anything. */
export function updateNewSetAnnotations(deployment: Deployment, set: ReplicaSet, revision: bigint): boolean {
  const before = set.metadata.annotations ?? {};
  const annotations = { ...before };
  let changed = false;
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (notCopied.has(key) || annotations[key] === value) continue;
    annotations[key] = value;
    changed = true;
  }
  const previous = before[revisionAnnotation];
  if (revisionOf(set) < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (previous !== undefined)
      annotations[revisionHistoryAnnotation] = appendRevision(before[revisionHistoryAnnotation] ?? "", previous);
    changed = true;
  }
  if (changed) set.metadata.annotations = annotations;
  return changed;
}

function appendRevision(history: string, revision: string): string {
  const revisions = history === "" ? [] : history.split(",");
  revisions.push(revision);
  while (revisions.length > 1 && revisions.join(",").length > revisionHistoryLengthMax) revisions.shift();
  return revisions.join(",");
}
