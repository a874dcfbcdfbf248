import type { KubeObject } from "../apimachinery/index.ts";

/** Lets changes through or not; a hook that is not there lets everything through. */
export interface Predicate<T> {
  added?(object: T): boolean;
  updated?(previous: T, object: T): boolean;
  deleted?(object: T): boolean;
}

/** Only changes of the wanted state (`metadata.generation`), of labels or annotations, or of being deleted. */
export function generationChanged<T extends KubeObject>(): Predicate<T> {
  return {
    updated: (previous, object) =>
      previous.metadata.generation !== object.metadata.generation ||
      previous.metadata.deletionTimestamp !== object.metadata.deletionTimestamp,
  };
}

/** Only objects for which the condition holds, before or after a change. */
export function where<T>(holds: (object: T) => boolean): Predicate<T> {
  return {
    added: holds,
    updated: (previous, object) => holds(previous) || holds(object),
    deleted: holds,
  };
}
