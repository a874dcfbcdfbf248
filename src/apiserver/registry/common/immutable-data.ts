import { deepEqual, fieldPath, forbidden } from "../../../apimachinery/index.ts";
import type { Errors } from "./check.ts";

/** Bytes of all values of a ConfigMap or Secret together. */
export const dataSizeMax = 1024 * 1024;

/** How many bytes a base64 text stands for. */
export function base64Length(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Math.floor((text.length * 3) / 4) - padding;
}

/** Once `immutable` is true neither it nor the given fields change. */
export function checkImmutable<T extends { immutable?: boolean }>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
  errors: Errors,
): void {
  if (old.immutable !== true) return;
  const why = "field is immutable when `immutable` is set";
  if (object.immutable !== true) errors.push(forbidden(fieldPath("immutable"), why));
  for (const field of fields) {
    if (!deepEqual(object[field], old[field])) errors.push(forbidden(fieldPath(field), why));
  }
}
