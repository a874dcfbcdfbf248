import type { Taint, Toleration } from "../../api/index.ts";

/** Whether one toleration bears one taint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? "") !== "" && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? "Equal") {
    case "Exists":
      return true;
    case "Equal":
      return (toleration.value ?? "") === (taint.value ?? "");
    case "Gt":
      return compares(toleration, taint, (value, limit) => value > limit);
    case "Lt":
      return compares(toleration, taint, (value, limit) => value < limit);
    default:
      return false;
  }
}

function compares(toleration: Toleration, taint: Taint, holds: (value: number, limit: number) => boolean): boolean {
  const [value, limit] = [Number(taint.value), Number(toleration.value)];
  return Number.isInteger(value) && Number.isInteger(limit) && holds(value, limit);
}

export type Patience =
  /** Nothing bears one of the taints: now. */
  { readonly kind: "none" } | { readonly kind: "for"; readonly ms: number } | { readonly kind: "forever" };

/** How long a pod may stay on a node with these NoExecute taints. */
export function patienceFor(taints: readonly Taint[], tolerations: readonly Toleration[]): Patience {
  let seconds = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const bearing = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (bearing.length === 0) return { kind: "none" };
    for (const { tolerationSeconds } of bearing)
      if (tolerationSeconds !== undefined) seconds = Math.min(seconds, tolerationSeconds);
  }
  if (seconds === Number.POSITIVE_INFINITY) return { kind: "forever" };
  return seconds <= 0 ? { kind: "none" } : { kind: "for", ms: seconds * 1000 };
}
