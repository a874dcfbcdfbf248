import type { Condition, KubeObject, ObjectMeta } from "../../apimachinery/index.ts";
import { isConditionTrue } from "../../reconcile/index.ts";

/** `storagemigration.k8s.io/v1beta1`, which a server serves when it is told to. */
export const migrations = {
  group: "storagemigration.k8s.io",
  version: "v1beta1",
  resource: "storageversionmigrations",
} as const;

export interface GroupResource {
  readonly group?: string;
  readonly resource: string;
}

export interface StorageVersionMigration extends KubeObject {
  metadata: ObjectMeta;
  spec: { resource: GroupResource };
  status?: { conditions?: Condition[]; resourceVersion?: string };
}

export type MigrationCondition = "Running" | "Succeeded" | "Failed";

export function resourceKey({ group = "", resource }: GroupResource): string {
  return `${resource}.${group}`;
}

export function isRunning({ status }: StorageVersionMigration): boolean {
  return isConditionTrue(status?.conditions, "Running");
}

export function isDone({ status }: StorageVersionMigration): boolean {
  return isConditionTrue(status?.conditions, "Succeeded") || isConditionTrue(status?.conditions, "Failed");
}

/** Which migrations of one resource are to be closed, and which one begins: one at a time, the oldest first. */
export function queueStep(all: readonly StorageVersionMigration[]): {
  readonly closing: readonly StorageVersionMigration[];
  readonly next: StorageVersionMigration | undefined;
} {
  const closing = all.filter((one) => isRunning(one) && isDone(one));
  if (all.some((one) => isRunning(one) && !isDone(one))) return { closing, next: undefined };
  const waiting = all.filter((one) => !isRunning(one) && !isDone(one));
  return { closing, next: waiting.sort(byAge)[0] };
}

function byAge(a: StorageVersionMigration, b: StorageVersionMigration): number {
  const [left, right] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ""} ${metadata.name ?? ""}`);
  return (left ?? "") < (right ?? "") ? -1 : 1;
}

/** With a condition that it does not have yet; conditions are never set twice. */
export function withMark(
  migration: StorageVersionMigration,
  mark: Pick<Condition, "type" | "reason" | "message" | "lastTransitionTime">,
): StorageVersionMigration {
  const { conditions = [] } = migration.status ?? {};
  if (conditions.some(({ type }) => type === mark.type)) return migration;
  return { ...migration, status: { ...migration.status, conditions: [...conditions, { ...mark, status: "True" }] } };
}

/** Running no longer. */
export function closed(migration: StorageVersionMigration, lastTransitionTime: string): StorageVersionMigration {
  const { generation } = migration.metadata;
  const conditions = (migration.status?.conditions ?? []).map((one): Condition => {
    if (one.type !== "Running") return one;
    const [reason, message] = ["MigrationCompleted", "Migration completed"];
    const observed = generation === undefined ? {} : { observedGeneration: generation };
    return { ...one, status: "False", reason, message, lastTransitionTime, ...observed };
  });
  return { ...migration, status: { ...migration.status, conditions } };
}

/** Whether the first version of the store is newer. */
export function isNewer(version: string | undefined, than: string): boolean {
  return BigInt(version ?? "0") > BigInt(than);
}
