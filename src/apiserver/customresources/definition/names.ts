import type { CustomResourceDefinition, CustomResourceDefinitionNames } from "../../../api/index.ts";
import { aggregateMessages, quote, semanticEqual } from "../../../apimachinery/index.ts";

export interface NameVerdict {
  /** What may be used of the names asked for. */
  readonly accepted: CustomResourceDefinitionNames;
  readonly conflict: { readonly reason: string; readonly message: string } | undefined;
}

/** Whether the names asked for are those accepted: then there is nothing to judge. */
export function namesStand({ spec, status }: CustomResourceDefinition): boolean {
  return semanticEqual(spec.names, status?.acceptedNames);
}

/**
 * Names are unique within a group: the first definition keeps them, a later one waits until they are free. Upstream:
 * the NamesAccepted condition.
 */
export function judgeNames(definition: CustomResourceDefinition, all: Iterable<CustomResourceDefinition>): NameVerdict {
  const taken = takenNames(definition.spec.group, all);
  const wanted = definition.spec.names;
  const before = definition.status?.acceptedNames;
  let conflict: NameVerdict["conflict"];
  /** Keeps what stood before when a name is taken. The last conflict is the one told, as upstream. */
  const judge = (names: ReadonlySet<string>, reason: string, name: string, known: string): string => {
    if (name === known || !names.has(name)) return name;
    conflict = { reason, message: inUse(name) };
    return known;
  };
  const { resources, kinds } = taken;
  const plural = judge(resources, "PluralConflict", wanted.plural, before?.plural ?? "");
  const singular = judge(resources, "SingularConflict", wanted.singular ?? "", before?.singular ?? "");
  const known = before?.shortNames ?? [];
  const used = (wanted.shortNames ?? []).filter((name) => !known.includes(name) && resources.has(name));
  if (used.length > 0) conflict = { reason: "ShortNamesConflict", message: aggregateMessages(used.map(inUse)) };
  const shortNames = used.length > 0 ? known : (wanted.shortNames ?? []);
  const kind = judge(kinds, "KindConflict", wanted.kind, before?.kind ?? "");
  const listKind = judge(kinds, "ListKindConflict", wanted.listKind ?? "", before?.listKind ?? "");
  const accepted: CustomResourceDefinitionNames = {
    plural,
    ...(singular === "" ? {} : { singular }),
    ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
    kind,
    ...(listKind === "" ? {} : { listKind }),
    ...(wanted.categories === undefined ? {} : { categories: [...wanted.categories] }),
  };
  return { accepted, conflict };
}

function inUse(name: string): string {
  return `${quote(name)} is already in use`;
}

/** The names accepted in a group: also those of the definition in question. */
function takenNames(group: string, definitions: Iterable<CustomResourceDefinition>) {
  const taken = { resources: new Set<string>(), kinds: new Set<string>() };
  for (const { spec, status } of definitions) {
    const names = spec.group === group ? status?.acceptedNames : undefined;
    if (names === undefined) continue;
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) taken.resources.add(name);
    for (const kind of [names.kind, names.listKind]) if (kind) taken.kinds.add(kind);
  }
  return taken;
}
