import { isQualifiedName, type KubeObject, quote } from "../../apimachinery/index.ts";

const standard = new Set(["orphan", "foregroundDeletion", "kubernetes"]);
const path = "metadata.finalizers";

/** Finalizers that may be taken for somebody else's, of those that were not there before. */
export function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): readonly string[] {
  const before = new Set(old?.metadata.finalizers ?? []);
  const added = new Set((object.metadata.finalizers ?? []).filter((name) => !before.has(name)));
  return [...added].toSorted().flatMap(warningsOf);
}

function warningsOf(name: string): readonly string[] {
  const said = (what: string) => `${path}: ${quote(name)}: ${what}`;
  const warnings = isQualifiedName(name).map(said);
  if (name.includes("/") || standard.has(name)) return warnings;
  const way = name.includes(".") ? " including a path (/)" : "";
  return [
    ...warnings,
    said(`prefer a domain-qualified finalizer name${way} to avoid accidental conflicts with other finalizer writers`),
  ];
}
