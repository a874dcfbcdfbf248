import { semanticEqual } from "../../../apimachinery/index.ts";
import type { Toleration } from "../../../api/index.ts";

/** Whether `wide` tolerates all that `narrow` does. Upstream: `tolerations.isSuperset`. */
export function covers(wide: Toleration, narrow: Toleration): boolean {
  if (semanticEqual(wide, narrow)) return true;
  const isExists = wide.operator === "Exists";
  const anyKey = isExists && !wide.key;
  if (!anyKey && (wide.key ?? "") !== (narrow.key ?? "")) return false;
  if (wide.effect && wide.effect !== narrow.effect) return false;
  if (wide.effect === "NoExecute" && wide.tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds) return false;
  }
  if (isExists) return true;
  return (
    (!wide.operator || wide.operator === "Equal") &&
    narrow.operator === "Equal" &&
    (wide.value ?? "") === (narrow.value ?? "")
  );
}

/** Both lists without what another of their tolerations covers; of equal ones, the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [index, one] of all.entries()) {
    if (merged.some((kept) => covers(kept, one))) continue;
    if (all.slice(index + 1).some((later) => !semanticEqual(later, one) && covers(later, one))) continue;
    merged.push(one);
  }
  return merged;
}
