import type { CustomResourceDefinition, CustomResourceDefinitionNames } from "../../../api/index.ts";

export interface NameVerdict {
  /** What may be used of the names asked for. */
  readonly accepted: CustomResourceDefinitionNames;
  readonly conflict: { readonly reason: string; readonly message: string } | undefined;
}

/**
 * Names are unique within a group: the first definition keeps them, a later one waits until they are free. Upstream:
 * the NamesAccepted condition.
 */
export function judgeNames(
  definition: CustomResourceDefinition,
  others: Iterable<CustomResourceDefinition>,
): NameVerdict {
  const taken = { resources: new Set<string>(), kinds: new Set<string>() };
  for (const other of others) {
    if (other.spec.group !== definition.spec.group || other.metadata.name === definition.metadata.name) continue;
    const names = other.status?.acceptedNames;
    for (const name of [names?.plural, names?.singular, ...(names?.shortNames ?? [])])
      if (name) taken.resources.add(name);
    for (const kind of [names?.kind, names?.listKind]) if (kind) taken.kinds.add(kind);
  }
  const { plural, singular = "", shortNames = [], kind, listKind = "" } = definition.spec.names;
  const problems: [reason: string, message: string][] = [];
  const check = (set: ReadonlySet<string>, name: string, reason: string) => {
    if (name !== "" && set.has(name)) problems.push([reason, `${JSON.stringify(name)} is already in use`]);
  };
  check(taken.resources, plural, "PluralConflict");
  check(taken.resources, singular, "SingularConflict");
  for (const name of shortNames) check(taken.resources, name, "ShortNamesConflict");
  check(taken.kinds, kind, "KindConflict");
  check(taken.kinds, listKind, "ListKindConflict");
  const [first] = problems;
  if (first === undefined) return { accepted: definition.spec.names, conflict: undefined };
  const accepted = definition.status?.acceptedNames ?? { plural: "", kind: "" };
  return { accepted, conflict: { reason: first[0], message: first[1] } };
}
