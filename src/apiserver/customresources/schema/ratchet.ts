import { type FieldError, type KubeObject, semanticEqual } from "../../../apimachinery/index.ts";

/** Upstream: CRD validation ratcheting. What was invalid before and has not changed does not stand in the way of an update. */
export function ratchet(errors: readonly FieldError[], object: KubeObject, old: KubeObject): FieldError[] {
  return errors.filter(({ field }) => {
    const steps = stepsOf(field);
    // A field that is missing is the fault of the object around it.
    const now = valueAt(object, steps);
    const target = now === undefined ? steps.slice(0, -1) : steps;
    const [current, before] = [valueAt(object, target), valueAt(old, target)];
    return before === undefined || !semanticEqual(current, before);
  });
}

function stepsOf(field: string): (string | number)[] {
  if (field === "<nil>" || field === "") return [];
  return [...field.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? (name ?? "") : Number(index),
  );
}

function valueAt(root: unknown, steps: readonly (string | number)[]): unknown {
  return steps.reduce<unknown>(
    (value, step) => (value as Record<string | number, unknown> | undefined | null)?.[step],
    root,
  );
}
