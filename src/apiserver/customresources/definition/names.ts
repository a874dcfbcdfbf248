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
  const { plural, singular = "", shortNames = [], kind, listKind = "", categories } = definition.spec.names;
  const before: CustomResourceDefinitionNames = definition.status?.acceptedNames ?? { plural: "", kind: "" };
  let conflict: NameVerdict["conflict"];
  /** Keeps what stood before when a name is taken. The last conflict is the one told, as upstream. */
  const judge = <T>(set: ReadonlySet<string>, names: readonly string[], reason: string, wanted: T, known: T): T => {
    const used = names.filter((name) => name !== "" && set.has(name));
    if (used.length === 0) return wanted;
    conflict = { reason, message: used.map((name) => `${JSON.stringify(name)} is already in use`).join(", ") };
    return known;
  };
  const { resources, kinds } = taken;
  const accepted: CustomResourceDefinitionNames = {
    plural: judge(resources, [plural], "PluralConflict", plural, before.plural),
    singular: judge(resources, [singular], "SingularConflict", singular, before.singular ?? ""),
    shortNames: judge(resources, shortNames, "ShortNamesConflict", shortNames, before.shortNames ?? []),
    kind: judge(kinds, [kind], "KindConflict", kind, before.kind),
    listKind: judge(kinds, [listKind], "ListKindConflict", listKind, before.listKind ?? ""),
    ...(categories === undefined ? {} : { categories }),
  };
  if (accepted.singular === "") delete accepted.singular;
  if (accepted.listKind === "") delete accepted.listKind;
  if (accepted.shortNames?.length === 0) delete accepted.shortNames;
  return { accepted, conflict };
}
