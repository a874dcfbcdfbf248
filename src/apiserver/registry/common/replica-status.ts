import { type FieldPath, fieldPath, invalid } from "../../../apimachinery/index.ts";
import { checkNonNegative, type Errors } from "./check.ts";

type Counts = Readonly<Record<string, unknown>>;

function count(status: Counts, field: string): number {
  const value = status[field];
  return typeof value === "number" ? value : 0;
}

/**
 * The counts of a status: none below zero, those of `parts` no more than `status.replicas`, and no more available
 * than ready. `ready` is how upstream names the ready ones in that message.
 */
export function checkReplicaCounts(
  status: object,
  fields: readonly string[],
  parts: readonly string[],
  ready: string,
  path: FieldPath,
  errors: Errors,
): void {
  const counts = status as Counts;
  for (const field of fields) checkNonNegative(count(counts, field), path.child(field), errors);
  for (const field of parts) {
    const value = count(counts, field);
    if (value > count(counts, "replicas")) {
      errors.push(invalid(path.child(field), value, "cannot be greater than status.replicas"));
    }
  }
  const available = count(counts, "availableReplicas");
  if (available > count(counts, "readyReplicas")) {
    errors.push(invalid(path.child("availableReplicas"), available, `cannot be greater than ${ready}`));
  }
}

/** The status of ReplicaSets and ReplicationControllers. */
export function checkReplicasStatus(status: object | undefined, errors: Errors): void {
  const parts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
  const fields = ["replicas", ...parts, "observedGeneration", "terminatingReplicas"];
  checkReplicaCounts(status ?? {}, fields, parts, "readyReplicas", fieldPath("status"), errors);
}

export function checkCollisionCount(
  now: number | undefined,
  before: number | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (before !== undefined && (now === undefined || now < before)) {
    errors.push(invalid(path.child("collisionCount"), now ?? 0, "cannot be decremented"));
  }
}
