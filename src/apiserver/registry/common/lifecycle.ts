import { type FieldError, type ObjectMeta, semanticEqual } from "../../../apimachinery/index.ts";
import type { Strategy } from "../contract.ts";
import type { Errors } from "./check.ts";

/** An object of the usual shape. */
export interface Shaped {
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
}

/** Takes a field from the old state. */
export function keep<T extends object, K extends keyof T>(object: T, old: T, field: K): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = old[field];
}

export function countGeneration(
  object: { metadata: ObjectMeta },
  old: { metadata: ObjectMeta },
  changed: boolean,
): void {
  if (changed) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

type Hooks<T extends Shaped> = Pick<Strategy<T & { metadata: ObjectMeta }>, "prepareForCreate" | "prepareForUpdate">;

/** Status is the system's; a change of the spec raises the generation. */
export function specAndStatus<T extends Shaped>(): Hooks<T> {
  return {
    prepareForCreate(object) {
      delete object.status;
      object.metadata.generation = 1;
    },
    prepareForUpdate(object, old) {
      keep(object, old, "status");
      countGeneration(object, old, !semanticEqual(object.spec, old.spec));
    },
  };
}

/** Metadata that writers of a status cannot change, of kinds that say so; upstream: `ResetObjectMetaForStatus`. */
export const metadataKeptByStatus = [
  "deletionTimestamp",
  "selfLink",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
] as const;

/** Of kinds whose status endpoint takes no metadata. */
export const statusAlone: NonNullable<Strategy["resetFields"]> = { status: ["metadata", "spec"] };

/** For writes to `status`: everything of the spec stays as it was. */
export function statusOnly<T extends Shaped>(
  check?: (object: T, old: T, errors: Errors) => void,
  kept: readonly (typeof metadataKeptByStatus)[number][] = [],
): NonNullable<Strategy<T & { metadata: ObjectMeta }>["status"]> {
  return {
    prepareForUpdate(object, old) {
      keep(object, old, "spec");
      for (const field of kept) keep(object.metadata, old.metadata, field);
    },
    validateUpdate(object, old) {
      return collect((errors) => check?.(object, old, errors));
    },
  };
}

export function collect(run: (errors: Errors) => void): readonly FieldError[] {
  const errors: Errors = [];
  run(errors);
  return errors;
}
