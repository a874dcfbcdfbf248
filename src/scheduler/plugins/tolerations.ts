import type { Taint, Toleration } from "../../api/index.ts";

/** Upstream: `Toleration.ToleratesTaint`. */
export function tolerates(toleration: Toleration, taint: Pick<Taint, "key" | "value" | "effect">): boolean {
  if (toleration.effect !== undefined && (toleration.effect as string) !== "" && toleration.effect !== taint.effect)
    return false;
  if (toleration.key !== undefined && toleration.key !== "" && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? "Equal") {
    case "Exists":
      return true;
    case "Gt":
    case "Lt":
      return compares(toleration, taint.value);
    default:
      return (toleration.value ?? "") === (taint.value ?? "");
  }
}

/** The taint's value above (Gt) or below (Lt) the toleration's, both whole numbers. */
function compares(toleration: Toleration, value: string | undefined): boolean {
  const [wanted, has] = [Number(toleration.value), Number(value)];
  if (!Number.isInteger(wanted) || !Number.isInteger(has)) return false;
  return toleration.operator === "Gt" ? has > wanted : has < wanted;
}
