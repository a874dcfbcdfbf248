import type { CustomResourceDefinition } from "./types.ts";

/** Defaults that depend on other fields, by type; they run after the plain ones of `facts.json`. */
export const defaults = { CustomResourceDefinition: fillDefinition } as const;

function fillDefinition(definition: CustomResourceDefinition): void {
  const { names, versions } = definition.spec;
  if (names !== undefined) {
    names.singular ||= (names.kind ?? "").toLowerCase();
    if (names.kind) names.listKind ||= `${names.kind}List`;
  }
  definition.status ??= {};
  const stored = versions?.find((version) => version.storage);
  if (stored !== undefined && (definition.status.storedVersions?.length ?? 0) === 0) {
    definition.status.storedVersions = [stored.name];
  }
}
