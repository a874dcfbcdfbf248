import type { NodeSelectorTerm, PodSpec } from "../../../../api/index.ts";
import { type FieldPath, invalid, semanticEqual } from "../../../../apimachinery/index.ts";
import type { Errors } from "../../common/check.ts";

/** While a pod is gated its node selector and affinity may become narrower. Then `spec` takes the old values. */
export function checkGatedAffinity(spec: PodSpec, old: PodSpec, path: FieldPath, errors: Errors): void {
  if (!semanticEqual(spec.nodeSelector, old.nodeSelector)) {
    for (const [key, value] of Object.entries(old.nodeSelector ?? {})) {
      if (spec.nodeSelector?.[key] === value) continue;
      const detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
      errors.push(invalid(path.child("nodeSelector"), spec.nodeSelector ?? null, detail));
    }
    spec.nodeSelector = old.nodeSelector;
  }
  const [now, before] = [spec.affinity?.nodeAffinity, old.affinity?.nodeAffinity];
  if (semanticEqual(now, before)) return;
  checkTerms(
    now?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [],
    before?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [],
    path.child("affinity").child("nodeAffinity").child("requiredDuringSchedulingIgnoredDuringExecution"),
    errors,
  );
  spec.affinity = { ...spec.affinity, ...(before === undefined ? {} : { nodeAffinity: before }) };
  if (before === undefined) delete spec.affinity.nodeAffinity;
}

function checkTerms(
  now: readonly NodeSelectorTerm[],
  before: readonly NodeSelectorTerm[],
  path: FieldPath,
  errors: Errors,
): void {
  const at = path.child("nodeSelectorTerms");
  if (before.length > 0 && before.length !== now.length) {
    const detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
    errors.push(invalid(at, now.length === 0 ? null : now, detail));
    return;
  }
  before.forEach((term, index) => {
    const next = now[index] ?? {};
    if (onlyAdds(next, term)) return;
    errors.push(invalid(at.index(index), next, "only additions are allowed (no mutations or deletions)"));
  });
}

function onlyAdds(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const starts = (longer: readonly unknown[] = [], shorter: readonly unknown[] = []) =>
    shorter.every((item, index) => semanticEqual(longer[index], item));
  const wasEmpty = (before.matchExpressions ?? []).length === 0 && (before.matchFields ?? []).length === 0;
  const isEmpty = (now.matchExpressions ?? []).length === 0 && (now.matchFields ?? []).length === 0;
  if (wasEmpty) return isEmpty;
  return starts(now.matchExpressions, before.matchExpressions) && starts(now.matchFields, before.matchFields);
}
